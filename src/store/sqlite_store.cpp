#include <algorithm>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include "store/failure.h"
#include "store/job_queue.h"
#include "store/migrations.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"
#include "store/store.h"

namespace oneclaw::store {

namespace asio = boost::asio;

namespace {

using FailureSink = std::function<void(std::string_view)>;

void run_sql(Connection& connection, std::string_view sql) {
  connection.prepare(sql).run();
}

/// Runs work; true when its changes are to be kept. What it throws becomes the job's outcome.
bool attempt(Job& job, Transaction& transaction, const FailureSink& tell) {
  try {
    return job.work(transaction);
  } catch (const Error& error) {
    job.outcome = to_problem(error);
    if (error.kind() != Error::Kind::kUnique) tell(error.what());
  } catch (const std::exception& error) {
    job.outcome = problems::internal();
    tell(std::string("exception in a transaction: ") + typeid(error).name());
  }
  return false;
}

/// The one thread that writes. All jobs that are queued when it comes round share a commit.
class Writer {
 public:
  Writer(std::unique_ptr<SqliteConnection> connection, JobQueue& queue, std::size_t most_per_commit,
         FailureSink tell)
      : connection_(std::move(connection)),
        queue_(queue),
        most_per_commit_(most_per_commit),
        tell_(std::move(tell)) {}

  void loop() {
    std::vector<Job*> batch;
    while (queue_.take(most_per_commit_, batch)) {
      if (batch.empty()) continue;
      commit(batch);
      for (Job* job : batch) job->complete();
    }
  }

 private:
  void commit(const std::vector<Job*>& batch) {
    try {
      run_sql(*connection_, "BEGIN IMMEDIATE");
      if (batch.size() == 1) {
        run_alone(*batch.front());
      } else {
        for (Job* job : batch) run_in_savepoint(*job);
      }
      if (connection_->in_transaction()) run_sql(*connection_, "COMMIT");
    } catch (const Error& error) {
      tell_(error.what());
      roll_back();
      for (Job* job : batch) {
        job->outcome = problems::unavailable("The database is not available; try again soon.", 1);
      }
    }
  }

  void run_alone(Job& job) {
    Transaction transaction(*connection_);
    if (!attempt(job, transaction, tell_)) {
      roll_back();
    } else if (!connection_->in_transaction()) {
      throw Error(Error::Kind::kUnavailable, "the transaction was lost");
    }
  }

  void run_in_savepoint(Job& job) {
    Transaction transaction(*connection_);
    run_sql(*connection_, "SAVEPOINT job");
    // When SQLite has rolled all back by itself, there is no savepoint left and the next line
    // throws: then the whole batch has failed.
    if (!attempt(job, transaction, tell_)) run_sql(*connection_, "ROLLBACK TO job");
    run_sql(*connection_, "RELEASE job");
  }

  void roll_back() {
    if (!connection_->in_transaction()) return;
    try {
      run_sql(*connection_, "ROLLBACK");
    } catch (const Error& error) {
      tell_(error.what());
    }
  }

  std::unique_ptr<SqliteConnection> connection_;
  JobQueue& queue_;
  const std::size_t most_per_commit_;
  const FailureSink tell_;
};

/// A thread that reads, one snapshot for each job.
class Reader {
 public:
  Reader(std::unique_ptr<SqliteConnection> connection, JobQueue& queue, FailureSink tell)
      : connection_(std::move(connection)), queue_(queue), tell_(std::move(tell)) {}

  void loop() {
    std::vector<Job*> batch;
    while (queue_.take(1, batch)) {
      if (batch.empty()) continue;
      read(*batch.front());
      batch.front()->complete();
    }
  }

 private:
  void read(Job& job) {
    try {
      run_sql(*connection_, "BEGIN");
      Transaction transaction(*connection_);
      attempt(job, transaction, tell_);
      if (connection_->in_transaction()) run_sql(*connection_, "ROLLBACK");
    } catch (const Error& error) {
      tell_(error.what());
      job.outcome = to_problem(error);
    }
  }

  std::unique_ptr<SqliteConnection> connection_;
  JobQueue& queue_;
  const FailureSink tell_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(const SqliteOptions& options, std::unique_ptr<SqliteConnection> write_connection,
              std::vector<std::unique_ptr<SqliteConnection>> read_connections)
      : row_seal_(options.row_seal),
        writes_(options.most_queued_writes, options.longest_wait),
        reads_(options.most_queued_reads, options.longest_wait),
        writer_(std::move(write_connection), writes_, options.most_writes_per_commit,
                sink(options)) {
    readers_.reserve(read_connections.size());
    for (auto& connection : read_connections) {
      readers_.emplace_back(std::move(connection), reads_, sink(options));
    }
    threads_.reserve(readers_.size() + 1);
    threads_.emplace_back([this] { writer_.loop(); });
    for (Reader& reader : readers_) {
      threads_.emplace_back([&reader] { reader.loop(); });
    }
  }

  ~SqliteStore() override {
    writes_.close();
    reads_.close();
    for (std::thread& thread : threads_) thread.join();
  }
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

 protected:
  asio::awaitable<Result<void>> run_read(WorkRef work) override { return reads_.run(work); }
  asio::awaitable<Result<void>> run_write(WorkRef work, std::optional<Uuid> /*org_id*/) override {
    return writes_.run(work);
  }

 private:
  static FailureSink sink(const SqliteOptions& options) {
    if (options.on_failure) return options.on_failure;
    return [](std::string_view) {};
  }

  std::shared_ptr<const RowSeal> row_seal_;
  JobQueue writes_;
  JobQueue reads_;
  Writer writer_;
  std::vector<Reader> readers_;
  std::vector<std::thread> threads_;
};

std::unique_ptr<SqliteConnection> connect(const SqliteOptions& options) {
  auto connection = std::make_unique<SqliteConnection>(options.file, options.busy_timeout);
  connection->set_row_seal(options.row_seal.get());
  return connection;
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options) {
  try {
    make_private_file(options.file);
    auto write_connection = connect(options);
    claim_database(*write_connection);
    configure(*write_connection);
    CHECK_OK(migrate(*write_connection));
    std::vector<std::unique_ptr<SqliteConnection>> read_connections;
    for (int i = 0; i < std::max(options.readers, 1); ++i) {
      read_connections.push_back(connect(options));
      configure(*read_connections.back());
      read_connections.back()->execute("PRAGMA query_only = ON");
    }
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(
        options, std::move(write_connection), std::move(read_connections)));
  } catch (const std::exception& error) {
    return problems::internal("The database can't be opened: " + std::string(error.what()) + ".");
  }
}

}  // namespace oneclaw::store

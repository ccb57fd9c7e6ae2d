#include <algorithm>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include "store/chain_heads.h"
#include "store/checkpointer.h"
#include "store/failure.h"
#include "store/job_queue.h"
#include "store/migrations.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"
#include "store/sqlite_snapshot.h"
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
  Writer(std::unique_ptr<SqliteConnection> connection, JobQueue& queue, ChangeClock& clock,
         Checkpointer& checkpointer, std::size_t most_per_commit, FailureSink tell)
      : connection_(std::move(connection)),
        queue_(queue),
        clock_(clock),
        checkpointer_(checkpointer),
        most_per_commit_(most_per_commit),
        tell_(std::move(tell)) {
    connection_->leave_checkpoints();
  }

  void loop() {
    std::vector<Job*> jobs;
    while (queue_.take(most_per_commit_, jobs)) {
      if (jobs.empty()) continue;
      batch_.changes.clear();
      batch_.all_changed = false;
      // Savepoints cost more than most writes, and few jobs fail after they have written: those
      // get their savepoints in a second try. A lone job needs none.
      if (!commit(jobs, false)) commit(jobs, true);
      for (const std::string& failure : failures_) tell_(failure);
      // After a failed commit too: it may be durable all the same.
      if (batch_.all_changed) {
        clock_.changed_all();
      } else {
        clock_.changed(batch_.changes);
      }
      complete_all(jobs);
      see_to_checkpoints();
    }
  }

 private:
  /// Runs and commits the jobs. False when all was rolled back because a job failed after it had
  /// written; never with savepoints.
  bool commit(const std::vector<Job*>& jobs, bool savepoints) {
    failures_.clear();  // of a first try
    try {
      run_sql(*connection_, "BEGIN IMMEDIATE");
      for (Job* job : jobs) {
        if (savepoints) {
          run_in_savepoint(*job);
        } else if (!run_bare(*job)) {
          roll_back();
          if (jobs.size() == 1) return true;
          return false;
        }
      }
      if (!connection_->in_transaction()) {
        throw Error(Error::Kind::kUnavailable, "the transaction was lost");
      }
      heads_.store(*connection_);
      run_sql(*connection_, "COMMIT");
      heads_.committed();
    } catch (const Error& error) {
      failures_.emplace_back(error.what());
      roll_back();
      for (Job* job : jobs) {
        job->outcome = problems::unavailable("The database is not available; try again soon.", 1);
      }
    }
    return true;
  }

  bool run(Job& job) {
    heads_.begin_work();
    job.outcome = {};  // of a first try
    Transaction transaction(*connection_, clock_, clock_.now(), &batch_);
    return attempt(job, transaction,
                   [this](std::string_view failure) { failures_.emplace_back(failure); });
  }

  /// False when the job failed and left something behind.
  bool run_bare(Job& job) {
    const std::int64_t before = connection_->total_changes();
    if (run(job)) return true;
    heads_.undo();
    return connection_->in_transaction() && connection_->total_changes() == before;
  }

  void run_in_savepoint(Job& job) {
    run_sql(*connection_, "SAVEPOINT job");
    // When SQLite has rolled all back by itself, there is no savepoint left and the next line
    // throws: then the whole batch has failed.
    if (!run(job)) {
      heads_.undo();
      run_sql(*connection_, "ROLLBACK TO job");
    }
    run_sql(*connection_, "RELEASE job");
  }

  /// Nobody waits for this but the next batch.
  void see_to_checkpoints() {
    const int pages = connection_->log_pages();
    if (pages < asked_at_pages_) asked_at_pages_ = 0;  // the log has started anew
    if (pages < asked_at_pages_ + Checkpointer::kStepPages) return;
    asked_at_pages_ = pages;
    if (pages < Checkpointer::kLongLogPages) {
      checkpointer_.wake();
      return;
    }
    try {
      connection_->checkpoint();
    } catch (const Error& error) {
      tell_(error.what());
    }
  }

  void roll_back() {
    heads_.forget();
    if (!connection_->in_transaction()) return;
    try {
      run_sql(*connection_, "ROLLBACK");
    } catch (const Error& error) {
      tell_(error.what());
    }
  }

  std::unique_ptr<SqliteConnection> connection_;
  JobQueue& queue_;
  ChangeClock& clock_;
  Checkpointer& checkpointer_;
  int asked_at_pages_ = 0;
  const std::size_t most_per_commit_;
  const FailureSink tell_;
  std::vector<std::string> failures_;  ///< of the batch, to be told
  ChainHeads heads_;
  WriteBatch batch_{.changes = {}, .all_changed = false, .heads = &heads_};
};

/// A thread that reads, one snapshot for each job.
class Reader {
 public:
  Reader(std::unique_ptr<SqliteConnection> connection, JobQueue& queue, const ChangeClock& clock,
         FailureSink tell)
      : connection_(std::move(connection)), queue_(queue), clock_(clock), tell_(std::move(tell)) {}

  void loop() {
    std::vector<Job*> jobs;
    while (queue_.take(1, jobs)) {
      if (jobs.empty()) continue;
      read(*jobs.front());
      complete_all(jobs);
    }
  }

 private:
  void read(Job& job) {
    try {
      const ChangeClock::Mark mark = clock_.now();  // before the snapshot
      run_sql(*connection_, "BEGIN");
      Transaction transaction(*connection_, clock_, mark, nullptr);
      attempt(job, transaction, tell_);
      if (connection_->in_transaction()) run_sql(*connection_, "ROLLBACK");
    } catch (const Error& error) {
      tell_(error.what());
      job.outcome = to_problem(error);
    }
  }

  std::unique_ptr<SqliteConnection> connection_;
  JobQueue& queue_;
  const ChangeClock& clock_;
  const FailureSink tell_;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(const SqliteOptions& options, std::unique_ptr<SqliteConnection> write_connection,
              std::unique_ptr<SqliteConnection> checkpoint_connection,
              std::vector<std::unique_ptr<SqliteConnection>> read_connections)
      : file_(options.file),
        row_seal_(options.row_seal),
        writes_(options.most_queued_writes, options.longest_wait),
        reads_(options.most_queued_reads, options.longest_wait),
        checkpointer_(std::move(checkpoint_connection), sink(options)),
        writer_(std::move(write_connection), writes_, clock_, checkpointer_,
                options.most_writes_per_commit, sink(options)) {
    readers_.reserve(read_connections.size());
    for (auto& connection : read_connections) {
      readers_.emplace_back(std::move(connection), reads_, clock_, sink(options));
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

  Result<std::unique_ptr<Snapshot>> snapshot() override { return take_sqlite_snapshot(file_); }

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

  const std::filesystem::path file_;
  std::shared_ptr<const RowSeal> row_seal_;
  JobQueue writes_;
  JobQueue reads_;
  Checkpointer checkpointer_;
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
    remove_stale_snapshots(options.file);
    auto write_connection = connect(options);
    claim_database(*write_connection);
    configure(*write_connection);
    CHECK_OK(migrate(*write_connection));
    auto checkpoint_connection = connect(options);
    configure(*checkpoint_connection);
    std::vector<std::unique_ptr<SqliteConnection>> read_connections;
    for (int i = 0; i < std::max(options.readers, 1); ++i) {
      read_connections.push_back(connect(options));
      configure(*read_connections.back());
      read_connections.back()->execute("PRAGMA query_only = ON");
    }
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(
        options, std::move(write_connection), std::move(checkpoint_connection),
        std::move(read_connections)));
  } catch (const std::exception& error) {
    return problems::internal("The database can't be opened: " + std::string(error.what()) + ".");
  }
}

}  // namespace oneclaw::store

#include "store/pg_store.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include "store/failure.h"
#include "store/job_queue.h"
#include "store/migrations.h"
#include "store/pg_copy_mark.h"
#include "store/pg_listener.h"
#include "store/pg_locks.h"
#include "store/pg_progress.h"
#include "store/pg_session.h"
#include "store/pg_writer.h"

namespace oneclaw::store {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kSchemaVersionsAhead = 1;

// A replica that is slow or away must not hold up what the primary can answer.
constexpr std::chrono::milliseconds kReplicaConnect{2000};
constexpr std::chrono::milliseconds kReplicaStatement{4000};
constexpr std::chrono::milliseconds kReplicaReply{5000};
constexpr std::chrono::hours kLongestMigration{24};

/// Jobs and the threads that run them.
struct Lane {
  Lane(std::size_t most_queued, std::chrono::milliseconds longest_wait)
      : queue(most_queued, longest_wait) {}
  JobQueue queue;
  std::vector<std::thread> threads;
};

class PgStore final : public Store {
 public:
  explicit PgStore(PgOptions options) : options_(std::move(options)) {
    for (int i = 0; i < std::max(options_.writers, 1) + 1; ++i) {
      Lane& lane = writes_.emplace_back(options_.most_queued_writes, options_.longest_wait);
      lane.threads.emplace_back([this, &lane] { write_loop(lane); });
    }
    for (int i = 0; i < std::max(options_.readers, 1); ++i) {
      reads_.threads.emplace_back([this] { read_loop(); });
      if (options_.replica_url.empty()) continue;
      replica_reads_.threads.emplace_back([this] { replica_loop(); });
    }
  }

  ~PgStore() override {
    for (Lane& lane : writes_) end(lane);
    end(reads_);
    end(replica_reads_);
  }
  PgStore(const PgStore&) = delete;
  PgStore& operator=(const PgStore&) = delete;

  Result<std::unique_ptr<Snapshot>> snapshot() override {
    Problem problem = problems::conflict(
        "The data is in PostgreSQL, which has backups of its own: pg_dump, or point-in-time "
        "recovery. What it holds of secrets is as encrypted there as in the database.");
    return problem;
  }

 protected:
  asio::awaitable<Result<void>> run_read(WorkRef work) override { return reads_.queue.run(work); }
  asio::awaitable<Result<void>> run_read_behind(WorkRef work, const Uuid& org_id) override {
    return options_.replica_url.empty() ? run_read(work) : replica_reads_.queue.run(work, org_id);
  }
  /// The first lane is for writes that stay inside no org; an org's always take the same one.
  asio::awaitable<Result<void>> run_write(WorkRef work, std::optional<Uuid> org_id) override {
    std::size_t lane = 0;
    if (org_id) {
      lane = 1 + static_cast<std::uint64_t>(org_lock(*org_id)) % (writes_.size() - 1);
    }
    return writes_[lane].queue.run(work, org_id);
  }

 private:
  static void end(Lane& lane) {
    lane.queue.close();
    for (std::thread& thread : lane.threads) thread.join();
  }

  void write_loop(Lane& lane) {
    PgWriter writer(options_, clock_, progress_, reach_);
    std::vector<Job*> batch;
    while (lane.queue.take(options_.most_writes_per_commit, batch)) {
      if (batch.empty()) continue;
      writer.run(batch);
      complete_all(batch);
    }
  }

  void read_loop() {
    PgSession session(options_.url, options_.timeouts, reach_, options_.row_seal.get());
    std::vector<Job*> batch;
    while (reads_.queue.take(1, batch)) {
      if (batch.empty()) continue;
      read_twice(session, *batch.front());
      complete_all(batch);
    }
  }

  void replica_loop() {
    PgTimeouts timeouts = options_.timeouts;
    timeouts.connect = std::min(timeouts.connect, kReplicaConnect);
    timeouts.statement = std::min(timeouts.statement, kReplicaStatement);
    timeouts.reply = std::min(timeouts.reply, kReplicaReply);
    PgSession replica(options_.replica_url, timeouts, replica_reach_, options_.row_seal.get());
    PgSession primary(options_.url, options_.timeouts, reach_, options_.row_seal.get());
    std::vector<Job*> batch;
    while (replica_reads_.queue.take(1, batch)) {
      if (batch.empty()) continue;
      Job& job = *batch.front();
      if (!is_fresh(replica, *job.org_id) || !read(replica, job)) read_twice(primary, job);
      complete_all(batch);
    }
  }

  /// Whether the replica is there, and has all that it must have about the org.
  bool is_fresh(PgSession& replica, const Uuid& org_id) {
    const auto needed = progress_.needed(org_id, ChangeClock::trust_now());
    if (!needed) return false;
    try {
      // Before the read's own snapshot, which then holds no less.
      auto query = replica.connection().prepare(
          "SELECT (CASE WHEN pg_is_in_recovery() "
          "THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END)::bigint");
      query.step();
      if (replica_away_.exchange(false)) tell("the replica is back");
      return !query.is_null(0) && query.integer(0) >= *needed;
    } catch (const Error& error) {
      replica.clean_up();
      if (!replica_away_.exchange(true)) tell(std::string("the replica is away: ") + error.what());
      return false;
    }
  }

  /// A connection may have been lost while it was idle: so twice.
  void read_twice(PgSession& session, Job& job) {
    if (!read(session, job)) read(session, job);
  }

  /// False when the database was not there, or a replica dropped what it was asked.
  bool read(PgSession& session, Job& job) {
    job.outcome = {};
    try {
      PgConnection& connection = session.connection();
      const ChangeClock::Mark mark = clock_.now();  // before the snapshot
      connection.defer("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      Transaction transaction(connection, clock_, mark, nullptr);
      job.work(transaction);
      connection.flush();
      // Nobody waits for the end; it comes before what the connection is used for next.
      connection.defer("ROLLBACK");
      connection.send_off();
      return true;
    } catch (const Error& error) {
      session.clean_up();
      job.outcome = to_problem(error);
      tell(error.what());
      return error.kind() != Error::Kind::kUnavailable && error.kind() != Error::Kind::kBusy;
    } catch (const std::exception& error) {
      session.clean_up();
      job.outcome = problems::internal();
      tell(std::string("exception in a transaction: ") + typeid(error).name());
      return true;
    }
  }

  void tell(std::string_view text) const {
    if (options_.on_failure) options_.on_failure(text);
  }

  const PgOptions options_;
  PgReach reach_{};
  PgReach replica_reach_{};
  std::deque<Lane> writes_{};
  Lane reads_{options_.most_queued_reads, options_.longest_wait};
  PgProgress progress_{};
  std::atomic<bool> replica_away_{false};
  PgListener listener_{options_, clock_, progress_, reach_};
  Lane replica_reads_{options_.most_queued_reads, options_.longest_wait};
};

std::string text_of(PgConnection& connection, std::string_view sql) {
  auto query = connection.prepare(sql);
  if (!query.step()) throw Error(Error::Kind::kOther, "a query gave no row");
  return query.text(0);
}

bool try_probe_lock(PgConnection& connection) {
  return text_of(connection, "SELECT pg_try_advisory_lock(" + std::to_string(kProbeLock) +
                                 ")::int::text") == "1";
}

/// Databases that only speak PostgreSQL's protocol may take advisory locks for no-ops, and our
/// order of writes hangs on them.
bool has_advisory_locks(PgConnection& connection, const PgOptions& options) {
  const std::string unlock = "SELECT pg_advisory_unlock(" + std::to_string(kProbeLock) + ")";
  // Another node may be trying the same just now: wait for our turn.
  connection.execute("SELECT pg_advisory_lock(" + std::to_string(kProbeLock) + ")");
  PgConnection second(options.url, options.timeouts);
  const bool excludes = !try_probe_lock(second);
  connection.execute(unlock);
  return excludes;
}

Result<void> migrate_alone(const PgOptions& options) {
  // An index to all there is takes its time; a server that is gone shows by TCP's keepalives.
  PgTimeouts timeouts = options.timeouts;
  timeouts.reply = kLongestMigration;
  PgConnection connection(options.url, timeouts);
  const std::string key = std::to_string(kMigrationLock);
  connection.execute("SET lock_timeout = 0; SET statement_timeout = 0");
  connection.execute("SELECT pg_advisory_lock(" + key + ")");
  auto migrated = migrate(connection, kSchemaVersionsAhead);
  connection.execute("SELECT pg_advisory_unlock(" + key + ")");
  return migrated;
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(const PgOptions& options) {
  try {
    PgConnection connection(options.url, options.timeouts);
    if (text_of(connection, "SHOW server_encoding") != "UTF8") {
      return problems::internal("The database must be made with the encoding UTF8.");
    }
    if (!has_advisory_locks(connection, options)) {
      return problems::internal("The database has no working advisory locks, which oneclaw needs.");
    }
    if (is_being_copied(connection)) {
      return problems::internal(
          "The database is being filled by `oneclaw operator migrate-store`, which has not come to "
          "its end: run it again first.");
    }
    CHECK_OK(migrate_alone(options));
    return std::unique_ptr<Store>(std::make_unique<PgStore>(options));
  } catch (const std::exception& error) {
    return problems::internal("The database can't be opened: " + std::string(error.what()) + ".");
  }
}

}  // namespace oneclaw::store

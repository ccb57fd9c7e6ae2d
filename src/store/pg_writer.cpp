#include "store/pg_writer.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <typeinfo>

#include "store/failure.h"
#include "store/pg_listener.h"
#include "store/pg_locks.h"

namespace oneclaw::store {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRetryDelay{5};

/// The batch's transaction and its locks, in one order on every node: the cluster's, then orgs'.
void begin(PgConnection& connection, const std::vector<Job*>& batch) {
  std::set<std::int64_t> orgs;
  bool in_orgs = true;
  for (const Job* job : batch) {
    if (job->org_id) {
      orgs.insert(org_lock(*job->org_id));
    } else {
      in_orgs = false;
    }
  }
  const std::string cluster = std::to_string(kClusterLock);
  connection.defer("BEGIN ISOLATION LEVEL READ COMMITTED");
  if (!in_orgs) {
    connection.defer("SELECT pg_advisory_xact_lock(" + cluster + ")");
    return;
  }
  connection.defer("SELECT pg_advisory_xact_lock_shared(" + cluster + ")");
  std::string keys;
  for (const std::int64_t key : orgs) keys += (keys.empty() ? "" : ",") + std::to_string(key);
  connection.defer("SELECT pg_advisory_xact_lock(k) FROM unnest('{" + keys + "}'::bigint[]) AS k");
}

}  // namespace

void PgWriter::run(const std::vector<Job*>& batch) {
  batch_ = {.changes = {}, .all_changed = false, .heads = &heads_};
  Mode mode = batch.size() == 1 ? Mode::kSavepoints : Mode::kPlain;
  for (int tries = 1; !attempt(batch, mode, tries); ++tries) {
  }
  // After a failed commit too: it may be durable all the same.
  if (batch_.all_changed) {
    clock_.changed_all();
  } else {
    clock_.changed(batch_.changes);
  }
}

/// False when the batch is to be run once more.
bool PgWriter::attempt(const std::vector<Job*>& batch, Mode& mode, int tries) {
  committing_ = false;
  for (Job* job : batch) job->outcome = {};
  try {
    PgConnection& connection = session_.connection();
    if (run_jobs(connection, batch, mode)) return true;
    session_.clean_up();
    if (mode == Mode::kSavepoints) return true;  // one job, rolled back
    mode = Mode::kSavepoints;
    return false;
  } catch (const Error& error) {
    const bool lost = session_.clean_up();
    if (lost && committing_) {
      tell(error.what());
      return fail(batch, problems::unavailable(
                             "The database was lost during the commit: the change may have been "
                             "kept or not. Look before you try again.",
                             1));
    }
    const bool passing = error.kind() == Error::Kind::kBusy || lost;
    if (!passing && error.kind() != Error::Kind::kUnavailable && mode == Mode::kPlain) {
      mode = Mode::kSavepoints;  // to find out whose failure it is
      return false;
    }
    if (passing && tries < options_.most_tries) {
      std::this_thread::sleep_for(kRetryDelay * (tries * tries));
      return false;
    }
    tell(error.what());
    return fail(batch, problems::unavailable("The database is not available; try again soon.", 1));
  }
}

/// False when nothing is to be kept: the caller rolls back.
bool PgWriter::run_jobs(PgConnection& connection, const std::vector<Job*>& batch, Mode mode) {
  heads_.forget();
  batch_.changes.clear();  // of a try that was rolled back
  batch_.all_changed = false;
  begin(connection, batch);
  if (mode == Mode::kPlain) {
    for (Job* job : batch) {
      if (!run_plain(connection, *job)) return false;
    }
  } else if (batch.size() == 1) {
    if (!try_job(connection, *batch.front())) return false;
  } else {
    for (Job* job : batch) run_in_savepoint(connection, *job);
  }
  heads_.store(connection);
  if (batch_.all_changed || !batch_.changes.empty()) connection.defer(notify_statement(batch_));
  connection.flush();
  committing_ = true;
  commit(connection, batch);
  return true;
}

void PgWriter::commit(PgConnection& connection, const std::vector<Job*>& batch) {
  if (options_.replica_url.empty()) return connection.commit();
  const PgProgress::Position position = connection.commit_and_locate();
  for (const Job* job : batch) progress_.wrote(job->org_id, position);
}

bool PgWriter::run_plain(PgConnection& connection, Job& job) {
  heads_.begin_work();
  Transaction transaction(connection, clock_, clock_.now(), &batch_);
  try {
    return job.work(transaction);
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    return false;  // it is told of when it comes again in its savepoint
  }
}

void PgWriter::run_in_savepoint(PgConnection& connection, Job& job) {
  connection.defer("SAVEPOINT job");
  if (!try_job(connection, job)) {
    heads_.undo();
    connection.defer("ROLLBACK TO job");
  }
  connection.defer("RELEASE job");
}

/// True when the job's changes are to be kept. What is no fault of its own is thrown.
bool PgWriter::try_job(PgConnection& connection, Job& job) {
  heads_.begin_work();
  Transaction transaction(connection, clock_, clock_.now(), &batch_);
  try {
    const bool keep = job.work(transaction);
    connection.flush();
    return keep;
  } catch (const Error& error) {
    if (connection.broken() || error.kind() == Error::Kind::kBusy ||
        error.kind() == Error::Kind::kUnavailable) {
      throw;
    }
    job.outcome = to_problem(error);
    if (error.kind() != Error::Kind::kUnique) tell(error.what());
  } catch (const std::exception& error) {
    job.outcome = problems::internal();
    tell(std::string("exception in a transaction: ") + typeid(error).name());
    try {
      connection.flush();
    } catch (const Error&) {  // its statements are rolled back all the same
      if (connection.broken()) throw;
    }
  }
  return false;
}

bool PgWriter::fail(const std::vector<Job*>& batch, const Problem& problem) {
  for (Job* job : batch) job->outcome = problem;
  return true;
}

void PgWriter::tell(std::string_view text) const {
  if (options_.on_failure) options_.on_failure(text);
}

}  // namespace oneclaw::store

// Writes on their way into PostgreSQL: batches, locks, retries.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "store/chain_heads.h"
#include "store/job_queue.h"
#include "store/pg_progress.h"
#include "store/pg_session.h"
#include "store/pg_store.h"

namespace oneclaw::store {

/// Runs batches of writes on a connection of its own, by one thread. docs/scaling.md says why so.
///
/// A batch is one READ COMMITTED transaction that first takes its locks: those of its orgs, in
/// order, and with them a shared one of the cluster's; or, for writes that stay inside no org, the
/// cluster's alone. So whatever a write reads inside its org is what it would find if writes ran
/// one after the other, on whichever nodes.
class PgWriter {
 public:
  PgWriter(const PgOptions& options, ChangeClock& clock, PgProgress& progress, PgReach& reach)
      : options_(options),
        clock_(clock),
        progress_(progress),
        session_(options.url, options.timeouts, reach, options.row_seal.get()) {}

  /// Sets each job's outcome: kept only where the server has said that it has committed.
  void run(const std::vector<Job*>& batch);

 private:
  /// Plain: no job is waited for but where it asks; any failure or rollback starts the batch over
  /// in savepoints. Savepoints: each job's failure is its own.
  enum class Mode { kPlain, kSavepoints };

  void commit(PgConnection& connection, const std::vector<Job*>& batch);
  bool attempt(const std::vector<Job*>& batch, Mode& mode, int tries);
  bool run_jobs(PgConnection& connection, const std::vector<Job*>& batch, Mode mode);
  bool run_plain(PgConnection& connection, Job& job);
  void run_in_savepoint(PgConnection& connection, Job& job);
  bool try_job(PgConnection& connection, Job& job);
  bool fail(const std::vector<Job*>& batch, const Problem& problem);
  void tell(std::string_view text) const;

  const PgOptions& options_;
  ChangeClock& clock_;
  PgProgress& progress_;
  ChainHeads heads_{};  ///< of one batch alone: other nodes move them too
  WriteBatch batch_{};
  PgSession session_;
  bool committing_ = false;
};

}  // namespace oneclaw::store

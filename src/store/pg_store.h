// A store over PostgreSQL, shared by any number of nodes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "store/pg_connection.h"
#include "store/store.h"

namespace oneclaw::store {

struct PgOptions {
  std::string url;          ///< the primary: what libpq takes, postgresql://… or key=value
  std::string replica_url;  ///< for read_behind(); empty: the primary
  int readers = 4;          ///< reader connections, a thread each; as many to the replica
  int writers = 3;          ///< connections for writes inside an org; one more is for the others
  std::size_t most_queued_writes = 4096;  ///< for each writer
  std::size_t most_queued_reads = 4096;
  std::size_t most_writes_per_commit = 128;
  std::chrono::milliseconds longest_wait{30'000};  ///< in the queue; 503 after that
  int most_tries = 5;  ///< of a batch of writes that the database has refused for now
  PgTimeouts timeouts{};
  /// As in SqliteOptions.
  std::function<void(std::string_view)> on_failure{};
  std::shared_ptr<const RowSeal> row_seal{};  ///< as in SqliteOptions
};

/// Connects, and brings the schema up to date under an advisory lock (a schema one version newer
/// is served as well). Later losses of the database are 503 until it is back. 500 with a clear
/// detail when it can't be reached, isn't UTF-8, or has no working advisory locks.
Result<std::unique_ptr<Store>> open_postgres(const PgOptions& options);

}  // namespace oneclaw::store

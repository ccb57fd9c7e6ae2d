// A connection that comes back by itself.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "store/pg_connection.h"

namespace oneclaw::store {

/// What a node's sessions know together of whether a database can be reached. One that can't is
/// tried again after 50 ms, doubling up to a second; in between nobody tries. Whoever gets through
/// ends the wait for all: else a session that still waited would fail what another could do.
class PgReach {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Whether it is time to try.
  [[nodiscard]] bool may_try(Time now);
  /// A try that was `began` then has failed. Tries at one time count once.
  void failed(Time began, Time now);
  /// A connection was made.
  void reached();

 private:
  std::mutex mutex_{};
  Time failed_at_{};
  Time retry_at_{};
  std::chrono::milliseconds delay_{0};
};

/// Owned by one thread. While its database is not to be tried, connection() fails at once.
class PgSession {
 public:
  /// `reach`: of that database; outlives this. `row_seal`: for Connection::set_row_seal(); outlives
  /// this, or null.
  PgSession(std::string url, const PgTimeouts& timeouts, PgReach& reach, const RowSeal* row_seal)
      : url_(std::move(url)), timeouts_(timeouts), reach_(reach), row_seal_(row_seal) {}

  /// Connects when there is no connection. Throws Error (kUnavailable).
  PgConnection& connection();
  /// Rolls back what is under way and gives up a connection that is of no more use. True when
  /// there was one that had broken.
  bool clean_up() noexcept;

 private:
  std::string url_;
  PgTimeouts timeouts_;
  PgReach& reach_;
  const RowSeal* row_seal_;
  std::unique_ptr<PgConnection> connection_{};
};

}  // namespace oneclaw::store

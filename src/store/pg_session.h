// A connection that comes back by itself.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/pg_connection.h"

namespace oneclaw::store {

/// Owned by one thread. A database that can't be reached is tried again after a back-off of 50 ms
/// that doubles up to a second; in between, connection() fails at once.
class PgSession {
 public:
  /// `row_seal`: for Connection::set_row_seal(); outlives this, or null.
  PgSession(std::string url, const PgTimeouts& timeouts, const RowSeal* row_seal)
      : url_(std::move(url)), timeouts_(timeouts), row_seal_(row_seal) {}

  /// Connects when there is no connection. Throws Error (kUnavailable).
  PgConnection& connection();
  /// Rolls back what is under way and gives up a connection that is of no more use. True when
  /// there was one that had broken.
  bool clean_up() noexcept;

 private:
  std::string url_;
  PgTimeouts timeouts_;
  const RowSeal* row_seal_;
  std::unique_ptr<PgConnection> connection_{};
  std::chrono::steady_clock::time_point retry_at_{};
  std::chrono::milliseconds delay_{0};
};

}  // namespace oneclaw::store

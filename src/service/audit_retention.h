// Retention: events beyond an age are removed, and their chain goes on to verify from an anchor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/uuid.h"
#include "service/audit_log.h"
#include "store/store.h"

namespace oneclaw::service {

struct RetentionReport {
  std::int64_t chains = 0;   ///< that were looked at
  std::int64_t removed = 0;  ///< events
};

/// What may be removed: events older than the age, that the usage counts have taken in, and never a
/// chain's last. A stretch is verified, from the anchor before it, in the transaction that removes
/// it: a chain that does not hold is left as it is. Thread-safe.
class AuditRetention {
 public:
  /// Quotas count a month's requests in the log.
  static constexpr std::chrono::days kLeastAge{35};
  static constexpr std::int64_t kBatch = 500;

  AuditRetention(store::Store& store, const AuditLog& audit) : store_(store), audit_(audit) {}

  /// In one org's chain, or in all and the server's own. Each chain that loses events first gets an
  /// event of the operator's that says which. Killed in between, it goes on at the next call. 400
  /// for an age below kLeastAge, 404 for an org without a chain, 409 at the first chain that does
  /// not hold.
  boost::asio::awaitable<Result<RetentionReport>> remove_older(std::chrono::days age,
                                                               std::optional<Uuid> org_id);

 private:
  boost::asio::awaitable<Result<std::int64_t>> remove_of(Uuid org_id, TimePoint before);

  store::Store& store_;
  const AuditLog& audit_;
};

}  // namespace oneclaw::service

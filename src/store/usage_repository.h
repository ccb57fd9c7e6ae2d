// Usage counted from the audit chain, and the credits ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

/// An org whose chain goes on past what was counted.
struct UsageBacklog {
  Uuid org_id{};
  std::int64_t counted = 0;  ///< the sequence of the last event that was counted
};

struct UsageCount {
  std::int64_t month = 0;
  std::string principal_type{};
  std::string principal_id{};
  std::string action{};
  std::int64_t count = 0;
};

/// What counting looks at in an audit event. Valid during the call that it is given to.
struct EventView {
  TimePoint created_at{};
  std::string_view actor_type{};
  std::string_view actor_id{};
  std::string_view action{};
  std::string_view details{};
};

/// Methods throw Error.
class UsageRepository {
 public:
  explicit UsageRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  std::vector<UsageBacklog> backlogs(std::int64_t limit);
  /// Shows `see` up to `limit` events of an org's chain past `after`, in order. The last one's
  /// sequence; `after` when there was none.
  std::int64_t scan(const Uuid& org_id, std::int64_t after, std::int64_t limit,
                    const std::function<void(const EventView&)>& see);
  std::int64_t cursor(const Uuid& org_id);
  void set_cursor(const Uuid& org_id, std::int64_t sequence);
  void add(const Uuid& org_id, const UsageCount& count);
  std::vector<UsageCount> counts(const Uuid& org_id, std::int64_t month);

  /// How many living ones the org has.
  std::int64_t vaults(const Uuid& org_id);
  std::int64_t secrets(const Uuid& org_id);
  std::int64_t agents(const Uuid& org_id);
  std::int64_t members(const Uuid& org_id);
  /// Those that can be used at that time.
  std::int64_t shares(const Uuid& org_id, TimePoint at);

 private:
  std::int64_t count_of(std::string_view sql, const Uuid& org_id);

  Connection& connection_;
};

struct OrgBillingRow {
  Uuid org_id{};
  std::string overage_method = "none";
  std::int64_t overage_month = 0;     ///< in which the requests below count
  std::int64_t overage_requests = 0;  ///< paid for over the tier's limit
};

struct CreditRow {
  Uuid org_id{};
  std::int64_t sequence = 0;
  Uuid id{};
  std::string type{};  ///< "grant" or "usage"
  std::int64_t amount_cents = 0;
  std::int64_t balance_after_cents = 0;
  std::string description{};
  std::optional<std::string> reference{};  ///< unique in its org
  TimePoint created_at{};
};

/// Methods throw Error.
class CreditRepository {
 public:
  explicit CreditRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  OrgBillingRow billing(const Uuid& org_id);
  void put_billing(const OrgBillingRow& row);

  std::int64_t balance(const Uuid& org_id);
  bool has_reference(const Uuid& org_id, std::string_view reference);
  bool has_org(const Uuid& org_id);
  /// Sets the row's sequence and balance and adds it. False, with nothing done, when the balance
  /// would fall below 0.
  bool append(CreditRow& row);
  /// Newest first.
  std::vector<CreditRow> list(const Uuid& org_id, std::int64_t limit, std::int64_t offset);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

// Requests for a person's approval, and what was granted by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct ApprovalRow {
  Uuid id{};
  Uuid org_id{};
  std::string requester_type{};  ///< "user" or "agent"
  Uuid requester_id{};
  Uuid addressed_to{};  ///< the person who is asked first; others may decide too
  std::string action{};
  std::string target_type{};
  std::string target_id{};
  std::optional<Uuid> vault_id{};  ///< with path and policy_id: of an access to a secret
  std::optional<std::string> path{};
  std::optional<Uuid> policy_id{};
  std::vector<std::string> roles{};  ///< who may decide; empty: not narrowed
  std::int64_t risk_tier = 1;
  std::string summary = "{}";  ///< JSON object
  std::optional<std::string> reason{};
  std::string status = "pending";  ///< or "approved", "rejected"
  std::optional<std::string> decision_reason{};
  std::optional<Uuid> decided_by{};
  std::optional<TimePoint> decided_at{};
  std::int64_t grant_seconds = 3600;
  std::optional<TimePoint> grant_expires_at{};
  TimePoint created_at{};
  TimePoint expires_at{};  ///< when an undecided request ends

  /// The status on the wire: an undecided request of the past is "expired".
  [[nodiscard]] std::string_view status_at(TimePoint at) const {
    return status == "pending" && expires_at <= at ? std::string_view("expired") : status;
  }
};

/// An approval that lets its requester in.
struct ApprovalGrant {
  Uuid policy_id{};
  std::string path{};
  std::string action{};
  TimePoint until{};
};

/// What is set must hold.
struct ApprovalFilter {
  std::optional<Uuid> requester_id{};
  std::optional<Uuid> addressed_to{};
  std::optional<std::string> status{};  ///< as on the wire
};

/// Methods throw Error.
class ApprovalRepository {
 public:
  explicit ApprovalRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert(const ApprovalRow& approval);
  std::optional<ApprovalRow> find(const Uuid& org_id, const Uuid& id);
  /// The requester's undecided request for the same thing.
  std::optional<ApprovalRow> find_open(const Uuid& requester_id, std::string_view action,
                                       std::string_view target_id, TimePoint at);
  std::int64_t count_open(const Uuid& requester_id, TimePoint at);
  /// Newest first.
  std::vector<ApprovalRow> list(const Uuid& org_id, const ApprovalFilter& filter, TimePoint at,
                                std::int64_t limit, std::int64_t offset);
  /// What a requester holds in a vault at that time.
  std::vector<ApprovalGrant> grants(const Uuid& vault_id, const Uuid& requester_id, TimePoint at);

  /// Writes summary, reason and risk tier.
  void explain(const ApprovalRow& approval);
  /// True for the one caller who decided it: it was pending and had not expired.
  bool decide(const ApprovalRow& approval, TimePoint at);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

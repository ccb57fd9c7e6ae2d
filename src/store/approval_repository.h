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
  std::int64_t required_approvals = 1;
  std::int64_t current_approvals = 0;
  std::optional<TimePoint> cancelled_at{};  ///< then the status is "rejected", by nobody
  std::optional<TimePoint> executed_at{};

  /// The status on the wire: an undecided request of the past is "expired".
  [[nodiscard]] std::string_view status_at(TimePoint at) const {
    return status == "pending" && expires_at <= at ? std::string_view("expired") : status;
  }
  /// The same as /v1/pending-approvals tells it: "cancelled" and "executed" too.
  [[nodiscard]] std::string_view state_at(TimePoint at) const {
    if (cancelled_at) return "cancelled";
    if (executed_at) return "executed";
    return status_at(at);
  }
};

/// One person's decision.
struct ApprovalSignature {
  Uuid approval_id{};
  Uuid approver_id{};
  Uuid id{};
  std::string decision{};  ///< "approve" or "reject"
  std::optional<std::string> reason{};
  TimePoint created_at{};
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
  bool of_secrets = false;              ///< accesses to secrets alone, and `status` is a state_at()
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
  std::int64_t count(const Uuid& org_id, const ApprovalFilter& filter, TimePoint at);
  /// What a requester holds in a vault at that time.
  std::vector<ApprovalGrant> grants(const Uuid& vault_id, const Uuid& requester_id, TimePoint at);

  /// Writes summary, reason and risk tier.
  void explain(const ApprovalRow& approval);
  /// False when the approver has signed it before.
  bool sign(const ApprovalSignature& signature);
  /// Oldest first.
  std::vector<ApprovalSignature> signatures(const Uuid& approval_id);
  /// False unless it was pending and had not expired.
  bool cancel(const Uuid& id, TimePoint at);
  /// False unless it was approved, its grant is alive, and it was not executed before.
  bool execute(const Uuid& id, TimePoint at);
  /// True for the one caller who decided it: it was pending and had not expired.
  bool decide(const ApprovalRow& approval, TimePoint at);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

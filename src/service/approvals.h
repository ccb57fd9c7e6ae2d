// Use cases of approvals: an agent asks, a person decides, and the grant is time-boxed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/approval_links.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "store/approval_repository.h"
#include "store/store.h"

namespace oneclaw::service {

struct NewApproval {
  std::string action;
  std::string target_type;
  std::string target_id;  ///< of a secret: `<vault id>/<path>` or the secret's id
  std::string summary_json = "{}";
  std::optional<std::string> reason;
  std::int64_t risk_tier = 1;
};

/// An access to a secret, under the policy that asks for its approval.
struct NewSubmission {
  Uuid policy_id{};
  std::string action;
  std::optional<Uuid> vault_id;  ///< the policy's, when it is told
  std::string path;
};

struct ApprovalDecision {
  bool approve = false;
  std::optional<std::string> reason{};
  std::optional<std::string> payload_hash{};  ///< of what the person means to decide
};

struct SignedApproval {
  store::ApprovalRow approval;
  std::vector<store::ApprovalSignature> signatures;
};

struct ApprovalPage {
  std::vector<store::ApprovalRow> approvals;
  std::int64_t total = 0;  ///< of accesses to secrets alone
};

struct ApprovalQuery {
  std::optional<std::string> status;
  std::optional<Uuid> requester_id{};
  bool of_secrets = false;
  std::int64_t limit = 50;
  std::int64_t offset = 0;
};

/// Undecided requests that one principal may have at once.
inline constexpr std::int64_t kMostOpenApprovals = 100;

/// Who decides: those whose role the policy names; when it names none, the org's owners and admins
/// and the vault's creator (the agent's, when no vault is concerned). Never who asked.
class Approvals {
 public:
  Approvals(store::Store& store, AuditLog& audit, const Outbox& outbox, const Key256& mac_key)
      : store_(store), audit_(audit), outbox_(outbox), links_(mac_key) {}

  /// Stores the request that a refused access stands for (or finds the open one) and puts its id
  /// into `problem`, in the transaction of the refusal's audit event. 429 instead when the
  /// principal has kMostOpenApprovals.
  boost::asio::awaitable<Result<void>> ask(Caller& caller, Problem& problem);
  /// An agent's request in its own words. For secret.read, secret.write and secret.delete of a
  /// secret a policy must ask for approval (403: no policy lets it in; 409: none is needed); the
  /// approval then lets it in. For any other action the decision is the agent's to heed.
  boost::asio::awaitable<Result<store::ApprovalRow>> request(Caller& caller, NewApproval approval);
  /// Owners and admins see all of the org's, others those they asked or are asked.
  boost::asio::awaitable<Result<ApprovalPage>> list(Caller& caller, ApprovalQuery query);
  boost::asio::awaitable<Result<SignedApproval>> get(Caller& caller, Uuid approval_id);
  /// 409 when it was decided before (by this person or for good) or has expired; 400
  /// "payload_hash". One who rejects settles it; it stays pending until enough have approved.
  boost::asio::awaitable<Result<store::ApprovalRow>> decide(Caller& caller, Uuid approval_id,
                                                            ApprovalDecision decision);
  /// The same by a signed link, as the person it was made for. 400 when the link isn't ours.
  boost::asio::awaitable<Result<store::ApprovalRow>> quick_decide(Caller& caller,
                                                                  std::string_view token,
                                                                  bool approve);
  /// The request that a refused access would make, made beforehand; gives the open one when there
  /// is one. 404 for a policy that isn't the caller's, 409 when no approval is needed.
  boost::asio::awaitable<Result<store::ApprovalRow>> submit(Caller& caller,
                                                            NewSubmission submission);
  /// For who asked, owners and admins. 400 when it was decided before or has expired.
  boost::asio::awaitable<Result<store::ApprovalRow>> cancel(Caller& caller, Uuid approval_id);
  /// An approved read or delete that its requester may do now: 403 for others, 400 when it isn't
  /// approved (any more), was executed before, or is a write.
  boost::asio::awaitable<Result<store::ApprovalRow>> executable(Caller& caller, Uuid approval_id);
  /// Notes that it was done; 400 when it had been before.
  boost::asio::awaitable<Result<TimePoint>> executed(Caller& caller, store::ApprovalRow row);

 private:
  /// Stores it and tells who is asked. 403 when too few may decide.
  Result<void> insert(store::Transaction& transaction, const Caller& caller,
                      store::ApprovalRow& row) const;
  /// An email with links that decide.
  void tell(store::Transaction& transaction, const store::ApprovalRow& row,
            const Uuid& user_id) const;
  Result<store::ApprovalRow> settle(store::Transaction& transaction, const Caller& caller,
                                    store::ApprovalRow row, const ApprovalDecision& decision,
                                    bool by_link) const;

  store::Store& store_;
  AuditLog& audit_;
  const Outbox& outbox_;
  ApprovalLinks links_;
};

}  // namespace oneclaw::service

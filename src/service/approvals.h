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

struct ApprovalQuery {
  std::optional<std::string> status;
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
  boost::asio::awaitable<Result<std::vector<store::ApprovalRow>>> list(Caller& caller,
                                                                       ApprovalQuery query);
  boost::asio::awaitable<Result<store::ApprovalRow>> get(Caller& caller, Uuid approval_id);
  /// 409 when it was decided before or has expired.
  boost::asio::awaitable<Result<store::ApprovalRow>> decide(Caller& caller, Uuid approval_id,
                                                            bool approve,
                                                            std::optional<std::string> reason);
  /// The same by a signed link, as the person it was made for. 400 when the link isn't ours.
  boost::asio::awaitable<Result<store::ApprovalRow>> quick_decide(Caller& caller,
                                                                  std::string_view token,
                                                                  bool approve);

 private:
  void insert(store::Transaction& transaction, const Caller& caller,
              const store::ApprovalRow& row) const;
  /// Tells the person who is asked, with links that decide, and the org's webhooks.
  void tell(store::Transaction& transaction, const store::ApprovalRow& row) const;
  Result<store::ApprovalRow> settle(store::Transaction& transaction, const Caller& caller,
                                    store::ApprovalRow row, bool approve,
                                    std::optional<std::string> reason, bool by_link) const;

  store::Store& store_;
  AuditLog& audit_;
  const Outbox& outbox_;
  ApprovalLinks links_;
};

}  // namespace oneclaw::service

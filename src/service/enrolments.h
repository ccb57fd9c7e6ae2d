// Use cases of agents that enrol themselves: they ask, a person lets them in, they take their key.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/action_limiter.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/quotas.h"
#include "service/vault_keys.h"
#include "store/enrolment_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::chrono::hours kEnrolmentLife{24};
/// Between two enrolments that name one address.
inline constexpr std::chrono::minutes kEnrolmentPause{10};
inline constexpr std::int64_t kEnrolmentPollSeconds = 5;

struct NewEnrolment {
  std::string name;
  std::string description;
  std::optional<std::string> human_email;
  std::optional<std::string> fingerprint;
};

struct OpenedEnrolment {
  Uuid id{};  ///< the agent's id, once it is let in
  SecureString poll_token;
  bool by_email = false;  ///< the link goes by email; else `approval_url` leads to it
  std::string approval_url;
};

struct EnrolmentStatus {
  std::string status;                   ///< "pending", "approved", "denied" or "expired"
  std::optional<SecureString> api_key;  ///< on the first poll after approval alone
};

/// The key is made when the agent collects it, so it is stored nowhere and sent to nobody else.
/// An agent that was let in reaches nothing until a policy says so.
class Enrolments {
 public:
  Enrolments(store::Store& store, VaultKeys& keys, AuditLog& audit, const Outbox& outbox,
             const Key256& mac_key, const Quotas& quotas)
      : store_(store),
        keys_(keys),
        audit_(audit),
        outbox_(outbox),
        mac_key_(mac_key),
        quotas_(quotas) {}

  /// The answer is the same whether `human_email` has an account. 429 when that address was named
  /// in the last ten minutes, or the client enrols too often.
  boost::asio::awaitable<Result<OpenedEnrolment>> open(Caller& caller, NewEnrolment enrolment);
  /// For the agent, by its poll token. 404 for any other.
  boost::asio::awaitable<Result<EnrolmentStatus>> poll(Caller& caller, Uuid id,
                                                       SecureString poll_token);
  /// Those that name the caller's own address and wait.
  boost::asio::awaitable<Result<std::vector<store::EnrolmentRow>>> list(Caller& caller);
  /// By an owner or admin, whose org the agent joins; 404 when another address was named, 409 when
  /// it was decided before or has expired, 402 when the org may have no more agents.
  boost::asio::awaitable<Result<store::EnrolmentRow>> decide(Caller& caller, Uuid id, bool approve);

  /// What an emailed link stands for; 404 when it isn't good (any more).
  boost::asio::awaitable<Result<store::EnrolmentRow>> look_up_link(Caller& caller,
                                                                   SecureString token);
  /// The same decision by that link, as the person it was sent to.
  boost::asio::awaitable<Result<store::EnrolmentRow>> decide_by_link(Caller& caller,
                                                                     SecureString token,
                                                                     bool approve);

 private:
  Result<store::EnrolmentRow> settle(store::Transaction& transaction, const Caller& decider,
                                     store::EnrolmentRow row, bool approve) const;

  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
  const Outbox& outbox_;
  const Key256& mac_key_;
  const Quotas& quotas_;
  ActionLimiter limiter_;
};

}  // namespace oneclaw::service

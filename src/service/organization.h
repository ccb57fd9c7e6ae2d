// Use cases of an org: its people, their roles, and who is invited.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/quotas.h"
#include "store/invitation_repository.h"
#include "store/member_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::chrono::hours kInvitationLife{24 * 7};
inline constexpr std::size_t kMostInvitations = 100;  ///< open ones of an org

/// The open invitation of that token, if it was sent to `email`: 404 for an unknown, used, revoked
/// or expired token, 403 for another address, 402 when the org may have no more people. It is
/// accepted from now on.
Result<store::InvitationRow> accept_invitation(store::Transaction& transaction, const Key256& key,
                                               const Quotas& quotas, std::string_view token,
                                               std::string_view email);

/// The audit event of a person who joins by that invitation.
AuditEntry joined_entry(const Uuid& user_id, const store::InvitationRow& invitation);

struct CreatedInvitation {
  store::InvitationRow invitation;
  SecureString url;  ///< shown to the inviter only when no email is sent
};

struct InvitationView {
  store::InvitationRow invitation;
  std::string org_name;
};

/// A person belongs to one org at a time. Owners and admins manage the people; only owners make,
/// change and remove owners; the last owner stays one.
class Organization {
 public:
  Organization(store::Store& store, const Key256& mac_key, AuditLog& audit, const Outbox& outbox,
               const Quotas& quotas)
      : store_(store), mac_key_(mac_key), audit_(audit), outbox_(outbox), quotas_(quotas) {}

  boost::asio::awaitable<Result<std::vector<store::MemberRow>>> members(Caller& caller);
  /// 400 "role", 403, 404, or 409 for the last owner.
  boost::asio::awaitable<Result<store::MemberRow>> change_role(Caller& caller, Uuid user_id,
                                                               std::string role);
  /// Also for oneself: then it is leaving. The person's tokens, keys, policies and shares here end
  /// at once; the account lives on in a fresh org of its own. 409 for the last owner.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid user_id);

  /// `email` normalized. 409 when the person is a member, or kMostInvitations are open; 402 when
  /// the org may have no more people. An earlier invitation of the same address ends.
  boost::asio::awaitable<Result<CreatedInvitation>> invite(Caller& caller, std::string email,
                                                           std::string role);
  boost::asio::awaitable<Result<std::vector<store::InvitationRow>>> invitations(Caller& caller);
  boost::asio::awaitable<Result<void>> revoke_invitation(Caller& caller, Uuid id);
  /// What the link shows, to anyone who has it. Changes nothing.
  boost::asio::awaitable<Result<InvitationView>> view_invitation(Caller& caller,
                                                                 SecureString token);
  /// Moves the caller, whose address must be the invited one, from its org into the inviting one.
  /// 409 when something would be left without an owner: it is the last owner of people, vaults or
  /// agents. Every token of before ends.
  boost::asio::awaitable<Result<store::MemberRow>> join(Caller& caller, SecureString token);

  /// 404 before the org's first agent; 403 for those whom no policy lets into it.
  boost::asio::awaitable<Result<Uuid>> agent_keys_vault(Caller& caller);

 private:
  store::Store& store_;
  const Key256& mac_key_;
  AuditLog& audit_;
  const Outbox& outbox_;
  const Quotas& quotas_;
};

}  // namespace oneclaw::service

#include "service/organization.h"

#include <utility>

#include "service/access.h"
#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/vaults.h"
#include "store/agent_repository.h"
#include "store/policy_repository.h"
#include "store/share_repository.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry member_entry(std::string action, std::string id) {
  return {.action = std::move(action),
          .resource_type = "member",
          .resource_id = std::move(id),
          .details = {}};
}

Result<void> require_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may do that.");
}

Result<void> validate_role(std::string_view role) {
  if (role == "owner" || role == "admin" || role == "member") return {};
  return problems::validation("role", "must be owner, admin or member");
}

Problem no_invitation() {
  return problems::not_found("No such invitation, or it has ended.");
}

Problem last_owner() {
  return problems::conflict("The org's last owner must stay: make someone else an owner first.");
}

Result<store::MemberRow> find_member(store::Transaction& transaction, const Uuid& org_id,
                                     const Uuid& user_id) {
  auto member = store::MemberRepository(transaction).find(org_id, user_id);
  if (!member) return problems::not_found("No such member.");
  return std::move(*member);
}

Result<void> check_owner_rules(store::Transaction& transaction, const Caller& caller,
                               const store::MemberRow& member) {
  if (member.role != "owner") return {};
  const bool itself = member.user_id == caller.principal.id;
  if (!itself && caller.principal.role != Role::kOwner) {
    return problems::forbidden("Only an owner may do that to an owner.");
  }
  if (store::MemberRepository(transaction).count_owners(caller.principal.org_id) <= 1) {
    return last_owner();
  }
  return {};
}

/// What ends when a person leaves an org, besides what MemberRepository::move() ends.
void end_rights(store::Transaction& transaction, const Uuid& user_id, TimePoint at) {
  store::PolicyRepository(transaction).remove_for_principal("user", user_id);
  store::ShareRepository(transaction).revoke_by_author(user_id, at);
}

/// Whether nothing and nobody in the org would miss its last owner.
Result<void> check_may_leave(store::Transaction& transaction, const Uuid& org_id,
                             const Uuid& user_id) {
  store::MemberRepository members(transaction);
  const auto member = members.find(org_id, user_id);
  if (!member || member->role != "owner" || members.count_owners(org_id) > 1) return {};
  if (members.count(org_id) > 1) return last_owner();
  bool has_vaults = false;
  for (const store::VaultRow& vault : store::VaultRepository(transaction).list(org_id)) {
    has_vaults = has_vaults || !vault.is_system;
  }
  if (has_vaults || !store::AgentRepository(transaction).list(org_id).empty()) {
    return problems::conflict(
        "Your present org has vaults or agents, which would be left without an owner: delete them, "
        "or make someone else an owner, first.");
  }
  return {};
}

}  // namespace

Result<store::InvitationRow> accept_invitation(store::Transaction& transaction, const Key256& key,
                                               const Quotas& quotas, std::string_view token,
                                               std::string_view email) {
  store::InvitationRepository invitations(transaction);
  const TimePoint at = now();
  auto invitation = invitations.find_open(token_mac(key, token), at);
  if (!invitation) return no_invitation();
  if (invitation->email != email) {
    return problems::forbidden("The invitation was sent to another address.");
  }
  CHECK_OK(quotas.check_room(transaction, invitation->org_id, domain::Metered::kTeamMembers));
  invitations.accept(invitation->id, at);
  return std::move(*invitation);
}

AuditEntry joined_entry(const Uuid& user_id, const store::InvitationRow& invitation) {
  AuditEntry entry = member_entry("member.join", user_id.to_string());
  entry.details["invitation_id"] = invitation.id.to_string();
  entry.details["role"] = invitation.role;
  return entry;
}

asio::awaitable<Result<std::vector<store::MemberRow>>> Organization::members(Caller& caller) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::MemberRow>> {
    return store::MemberRepository(transaction).list(caller.principal.org_id);
  };
  CO_TRY(auto members, co_await store_.read(read));
  AuditEntry entry = member_entry("member.list", {});
  entry.details["count"] = members.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(members);
}

asio::awaitable<Result<store::MemberRow>> Organization::change_role(Caller& caller, Uuid user_id,
                                                                    std::string role) {
  CO_CHECK_OK(require_admin(caller));
  CO_CHECK_OK(validate_role(role));
  const auto write = [&](store::Transaction& transaction) -> Result<store::MemberRow> {
    const Principal& principal = caller.principal;
    TRY(store::MemberRow member, find_member(transaction, principal.org_id, user_id));
    if (role == "owner" && principal.role != Role::kOwner) {
      return problems::forbidden("Only an owner may make an owner.");
    }
    if (role != "owner") CHECK_OK(check_owner_rules(transaction, caller, member));
    AuditEntry entry = member_entry("member.update_role", user_id.to_string());
    entry.details["from"] = member.role;
    entry.details["to"] = role;
    store::MemberRepository(transaction).set_role(principal.org_id, user_id, role);
    member.role = role;
    audit_.append(transaction, caller, std::move(entry));
    return member;
  };
  CO_TRY(store::MemberRow member, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(member);
}

asio::awaitable<Result<void>> Organization::remove(Caller& caller, Uuid user_id) {
  if (user_id != caller.principal.id) CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const Uuid& org_id = caller.principal.org_id;
    TRY(const store::MemberRow member, find_member(transaction, org_id, user_id));
    CHECK_OK(check_owner_rules(transaction, caller, member));
    const TimePoint at = now();
    const store::OrgRow fresh{
        .id = Uuid::v7(),
        .name = member.display_name.empty() ? member.email : member.display_name,
        .created_at = at};
    store::UserRepository(transaction).insert_org(fresh);
    end_rights(transaction, user_id, at);
    store::MemberRepository(transaction).move(user_id, org_id, fresh.id, "owner", at);
    AuditEntry entry = member_entry("member.remove", user_id.to_string());
    entry.details["role"] = member.role;
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<CreatedInvitation>> Organization::invite(Caller& caller, std::string email,
                                                                std::string role) {
  CO_CHECK_OK(require_admin(caller));
  CO_CHECK_OK(validate_role(role));
  if (role == "owner" && caller.principal.role != Role::kOwner) {
    co_return problems::forbidden("Only an owner may make an owner.");
  }
  CreatedInvitation created;
  NewToken token = make_token(mac_key_, kInvitationPrefix);
  created.url = SecureString(outbox_.public_url() + "/join?token=");
  created.url.append(token.text.view());
  store::InvitationRow& row = created.invitation;
  const TimePoint at = now();
  row = {.id = Uuid::v7(),
         .org_id = caller.principal.org_id,
         .email = std::move(email),
         .role = std::move(role),
         .token_mac = std::move(token.mac),
         .invited_by = caller.principal.id,
         .created_at = at,
         .expires_at = at + kInvitationLife};
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::UserRepository users(transaction);
    store::InvitationRepository invitations(transaction);
    const auto known = users.find_by_email(row.email);
    if (known && users.role(row.org_id, known->id)) {
      return problems::conflict("That person is a member already.");
    }
    CHECK_OK(quotas_.check_room(transaction, row.org_id, domain::Metered::kTeamMembers));
    invitations.revoke_for_email(row.org_id, row.email, at);
    if (invitations.list_open(row.org_id, at).size() >= kMostInvitations) {
      return problems::conflict("The org has 100 open invitations, the most it can have.");
    }
    invitations.insert(row);
    const auto org = users.find_org(row.org_id);
    const auto inviter = users.find(row.invited_by);
    if (!org || !inviter) return problems::internal();
    outbox_.enqueue_email(transaction, row.org_id,
                          mail::invitation(row.email, org->name, inviter->email, row.role,
                                           created.url.view(), row.expires_at));
    AuditEntry entry = member_entry("member.invite", row.id.to_string());
    entry.details["role"] = row.role;
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return std::move(created);
}

asio::awaitable<Result<std::vector<store::InvitationRow>>> Organization::invitations(
    Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::InvitationRow>> {
    return store::InvitationRepository(transaction).list_open(caller.principal.org_id, now());
  };
  CO_TRY(auto invitations, co_await store_.read(read));
  AuditEntry entry = member_entry("member.list_invitations", {});
  entry.details["count"] = invitations.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(invitations);
}

asio::awaitable<Result<void>> Organization::revoke_invitation(Caller& caller, Uuid id) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    if (!store::InvitationRepository(transaction).revoke(caller.principal.org_id, id, now())) {
      return no_invitation();
    }
    audit_.append(transaction, caller, member_entry("member.revoke_invitation", id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<InvitationView>> Organization::view_invitation(Caller& caller,
                                                                      SecureString token) {
  const auto write = [&](store::Transaction& transaction) -> Result<InvitationView> {
    auto invitation = store::InvitationRepository(transaction)
                          .find_open(token_mac(mac_key_, token.view()), now());
    if (!invitation) return no_invitation();
    const auto org = store::UserRepository(transaction).find_org(invitation->org_id);
    if (!org) return problems::internal();
    audit_.append(transaction, invitation->org_id, caller,
                  member_entry("member.view_invitation", invitation->id.to_string()));
    return InvitationView{std::move(*invitation), org->name};
  };
  CO_TRY(InvitationView view, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(view);
}

asio::awaitable<Result<store::MemberRow>> Organization::join(Caller& caller, SecureString token) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::MemberRow> {
    const Uuid& user_id = caller.principal.id;
    const Uuid& present = caller.principal.org_id;
    const auto user = store::UserRepository(transaction).find(user_id);
    if (!user) return problems::not_found("No such user.");
    TRY(const store::InvitationRow invitation,
        accept_invitation(transaction, mac_key_, quotas_, token.view(), user->email));
    if (invitation.org_id == present) return problems::conflict("You are a member already.");
    CHECK_OK(check_may_leave(transaction, present, user_id));
    const TimePoint at = now();
    end_rights(transaction, user_id, at);
    store::MemberRepository(transaction)
        .move(user_id, present, invitation.org_id, invitation.role, at);
    audit_.append(transaction, present, caller, member_entry("member.leave", user_id.to_string()));
    audit_.append(transaction, invitation.org_id, caller, joined_entry(user_id, invitation));
    return find_member(transaction, invitation.org_id, user_id);
  };
  CO_TRY(store::MemberRow member, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(member);
}

asio::awaitable<Result<Uuid>> Organization::agent_keys_vault(Caller& caller) {
  const auto read = [&](store::Transaction& transaction) -> Result<Uuid> {
    const auto vault =
        store::VaultRepository(transaction).find_system(caller.principal.org_id, kAgentKeysVault);
    if (!vault) return problems::not_found("The org has no agent yet.");
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault->id));
    if (!access.whole() && !access.has_grant()) {
      return problems::forbidden("No policy gives this principal anything in that vault.");
    }
    return vault->id;
  };
  CO_TRY(const Uuid id, co_await store_.read(read));
  AuditEntry entry{.action = "vault.read",
                   .resource_type = "vault",
                   .resource_id = id.to_string(),
                   .details = {}};
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return id;
}

}  // namespace oneclaw::service

#include "service/account_data.h"

#include <algorithm>
#include <utility>

#include "service/mail_texts.h"
#include "store/audit_repository.h"
#include "store/erasure_repository.h"
#include "store/secret_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kProofField = "X-Auth-Confirm";

AuditEntry user_entry(std::string action, const Uuid& user_id) {
  return {.action = std::move(action),
          .resource_type = "user",
          .resource_id = user_id.to_string(),
          .details = {}};
}

Result<store::UserRow> find_user(store::Transaction& transaction, const Uuid& id) {
  auto user = store::UserRepository(transaction).find(id);
  if (!user) return problems::not_found("No such user.");
  return std::move(*user);
}

void add_secrets(store::Transaction& transaction, const Uuid& vault_id, AccountExport& data) {
  store::SecretRepository secrets(transaction);
  std::string after;
  for (bool more = true; more;) {
    auto page = secrets.list(vault_id, "", after, kMostListed);
    more = static_cast<std::int64_t>(page.size()) == kMostListed;
    for (store::ListedSecret& row : page) {
      if (data.secrets.size() == kMostExportedSecrets) {
        data.more_secrets = true;
        return;
      }
      after = row.secret.path;
      data.secrets.push_back(
          {vault_id, {row.secret.id, std::move(row.secret.path), std::move(row.version)}});
    }
  }
}

/// True when the list was longer.
template <class Row>
bool cut(std::vector<Row>& rows, std::int64_t most) {
  if (std::ssize(rows) <= most) return false;
  rows.erase(rows.begin() + most, rows.end());
  return true;
}

/// What the person made in one org.
void add_org(store::Transaction& transaction, const Uuid& org_id, AccountExport& data) {
  const Uuid& user_id = data.user.id;
  for (store::VaultRow& vault : store::VaultRepository(transaction).list(org_id)) {
    if (vault.created_by != user_id) continue;
    add_secrets(transaction, vault.id, data);
    for (store::PolicyRow& policy : store::PolicyRepository(transaction).list(vault.id)) {
      data.policies.push_back(std::move(policy));
    }
    data.vaults.push_back(std::move(vault));
  }
  for (store::AgentRow& agent : store::AgentRepository(transaction).list(org_id)) {
    if (agent.created_by == user_id) data.agents.push_back(std::move(agent));
  }
}

}  // namespace

asio::awaitable<Result<void>> AccountData::refuse(Caller& caller, std::string action, int status) {
  co_return co_await audit_.record_refusal(
      caller, caller.principal.org_id, user_entry(std::move(action), caller.principal.id), status);
}

asio::awaitable<Result<AccountExport>> AccountData::take_along(Caller& caller,
                                                               std::optional<SecureString> proof) {
  const Uuid user_id = caller.principal.id;
  const auto find = [&](store::Transaction& transaction) {
    return find_user(transaction, user_id);
  };
  CO_TRY(const store::UserRow user, co_await store_.read(find));
  CO_TRY(const auto wrong, co_await step_up_.confirm(caller, user, std::move(proof)));
  if (wrong) {
    CO_CHECK_OK(co_await refuse(caller, "user.export", 403));
    co_return problems::forbidden(std::string(kProofField) + " " + *wrong + ".");
  }
  const auto read = [&](store::Transaction& transaction) -> Result<AccountExport> {
    AccountExport data;
    data.exported_at = now();
    TRY(data.user, find_user(transaction, user_id));
    data.memberships = store::UserRepository(transaction).memberships_of(user_id);
    for (const store::MembershipRow& membership : data.memberships) {
      add_org(transaction, membership.org_id, data);
    }
    data.api_keys = store::ApiKeyRepository(transaction).list(user_id);
    data.events = store::AuditRepository(transaction)
                      .list(caller.principal.org_id, {.actor_id = user_id.to_string()},
                            kMostExportedEvents + 1, 0);
    data.more_events = cut(data.events, kMostExportedEvents);
    data.shares = store::ShareRepository(transaction).by_author(user_id, kMostExportedShares + 1);
    data.more_shares = cut(data.shares, kMostExportedShares);
    return data;
  };
  CO_TRY(AccountExport data, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, user_entry("user.export", user_id)));
  co_return std::move(data);
}

asio::awaitable<Result<void>> AccountData::erase(Caller& caller, std::string confirmation,
                                                 std::optional<SecureString> proof) {
  const Uuid user_id = caller.principal.id;
  const auto find = [&](store::Transaction& transaction) {
    return find_user(transaction, user_id);
  };
  CO_TRY(const store::UserRow user, co_await store_.read(find));
  if (confirmation != user.email) {
    co_return problems::validation("confirmation", "must be the account's email address");
  }
  CO_TRY(const auto wrong, co_await step_up_.confirm(caller, user, std::move(proof)));
  if (wrong) {
    CO_CHECK_OK(co_await refuse(caller, "user.delete", 400));
    co_return problems::validation(std::string(kProofField), *wrong);
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::UserRepository users(transaction);
    store::ErasureRepository erasure(transaction);
    const auto memberships = users.memberships_of(user_id);
    for (const store::MembershipRow& membership : memberships) {
      const auto members = users.members(membership.org_id);
      const bool alone = members.size() == 1;
      const auto owns = [](const store::MembershipRow& row) { return row.role == "owner"; };
      if (!alone && owns(membership) && std::ranges::count_if(members, owns) == 1) {
        return problems::conflict(
            "The org has other members and no other owner: make one of them owner first.");
      }
      if (alone) erasure.erase_org(membership.org_id, now());
    }
    outbox_.enqueue_email(transaction, user.home_org_id, mail::account_deleted(user.email));
    erasure.erase_user(user_id);
    AuditEntry entry = user_entry("user.delete", user_id);
    entry.details["orgs"] = memberships.size();
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

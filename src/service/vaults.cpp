#include "service/vaults.h"

#include <algorithm>

#include "service/access.h"
#include "store/policy_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry vault_entry(std::string action, const Uuid& vault_id) {
  return {.action = std::move(action),
          .resource_type = "vault",
          .resource_id = vault_id.to_string(),
          .details = {}};
}

}  // namespace

Result<store::VaultRow> make_vault(store::Transaction& transaction, VaultKeys& keys,
                                   store::VaultRow vault) {
  store::VaultRepository vaults(transaction);
  TRY(const store::VaultKekRow kek, keys.make(vault.org_id, vault.id, 1));
  vaults.insert(vault);
  vaults.insert_kek(kek);
  return vault;
}

asio::awaitable<Result<store::VaultRow>> Vaults::create(Caller& caller, std::string name,
                                                        std::string description) {
  if (name.starts_with("__")) {
    co_return problems::validation("name", "must not start with __: such names are reserved");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<store::VaultRow> {
    const Principal& principal = caller.principal;
    CHECK_OK(quotas_.check_room(transaction, principal.org_id, domain::Metered::kVaults));
    store::VaultRow vault{.id = Uuid::v7(),
                          .org_id = principal.org_id,
                          .name = name,
                          .description = description,
                          .created_by = principal.id,
                          .created_by_type = std::string(to_string(principal.type)),
                          .is_system = false,
                          .created_at = now()};
    TRY(vault, make_vault(transaction, keys_, std::move(vault)));
    audit_.append(transaction, caller, vault_entry("vault.create", vault.id));
    return vault;
  };
  CO_TRY(store::VaultRow vault, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(vault);
}

asio::awaitable<Result<std::vector<store::VaultRow>>> Vaults::list(Caller& caller) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::VaultRow>> {
    const Principal& principal = caller.principal;
    auto vaults = store::VaultRepository(transaction).list(principal.org_id);
    std::vector<Uuid> granted;
    if (!principal.is_org_admin()) {
      granted =
          store::PolicyRepository(transaction)
              .vaults_for_principal(principal.org_id, to_string(principal.type), principal.id);
    }
    std::erase_if(vaults, [&](const store::VaultRow& vault) {
      const auto listed = [&](const std::vector<Uuid>& ids) {
        return std::ranges::find(ids, vault.id) != ids.end();
      };
      if (!principal.vault_ids.empty() && !listed(principal.vault_ids)) return true;
      if (principal.is_org_admin()) return false;
      return !(principal.is_user() && vault.created_by == principal.id) && !listed(granted);
    });
    return vaults;
  };
  CO_TRY(auto vaults, co_await store_.read(read));
  AuditEntry entry{
      .action = "vault.list", .resource_type = "vault", .resource_id = {}, .details = {}};
  entry.details["count"] = vaults.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(vaults);
}

asio::awaitable<Result<store::VaultRow>> Vaults::get(Caller& caller, Uuid vault_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<store::VaultRow> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    if (!access.whole() && !access.has_grant()) {
      return problems::forbidden("No policy gives this principal anything in that vault.");
    }
    return access.vault();
  };
  CO_TRY(store::VaultRow vault, co_await store_.read(read));
  AuditEntry entry = vault_entry("vault.read", vault_id);
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(vault);
}

asio::awaitable<Result<void>> Vaults::remove(Caller& caller, Uuid vault_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    if (access.vault().is_system) {
      return problems::forbidden("The vault of the agents' keys can't be deleted.");
    }
    store::VaultRepository(transaction).remove(caller.principal.org_id, vault_id, now());
    audit_.append(transaction, caller, vault_entry("vault.delete", vault_id));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

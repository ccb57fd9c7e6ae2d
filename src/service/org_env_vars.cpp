#include "service/org_env_vars.h"

#include <boost/json/array.hpp>
#include <utility>

#include "service/vaults.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry org_entry(std::string action, const store::EnvVarRow& row) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "env_var",
                   .resource_id = row.id.to_string(),
                   .details = {}};
  entry.details["scope"] = "org";
  entry.details["key"] = row.key;
  entry.details["environments"] =
      boost::json::array(row.environments.begin(), row.environments.end());
  entry.details["version"] = row.version;
  return entry;
}

Result<void> require_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may manage its variables.");
}

Result<Uuid> org_vault(store::Transaction& transaction, VaultKeys& keys, const Uuid& org_id) {
  if (const auto vault = store::VaultRepository(transaction).find_system(org_id, kOrgEnvVault)) {
    return vault->id;
  }
  TRY(const store::VaultRow vault,
      make_vault(transaction, keys,
                 {.id = Uuid::v7(),
                  .org_id = org_id,
                  .name = std::string(kOrgEnvVault),
                  .description = "Environment variables of the whole org.",
                  .created_by = Uuid{},
                  .created_by_type = "system",
                  .is_system = true,
                  .created_at = now()}));
  return vault.id;
}

Result<store::EnvVarRow> find_variable(store::Transaction& transaction, const Uuid& org_id,
                                       const EnvVarSelector& selector) {
  const auto vault = store::VaultRepository(transaction).find_system(org_id, kOrgEnvVault);
  if (!vault) return problems::not_found("No such variable.");
  store::EnvVarRepository repository(transaction);
  if (const auto id = Uuid::parse(selector.key)) {
    auto row = repository.find(vault->id, *id);
    if (!row) return problems::not_found("No such variable.");
    return std::move(*row);
  }
  return pick_env_var(repository.with_key(vault->id, selector.key), selector);
}

}  // namespace

asio::awaitable<Result<std::vector<EnvVarView>>> OrgEnvVars::list(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<EnvVarView>> {
    const Uuid& org_id = caller.principal.org_id;
    const auto vault = store::VaultRepository(transaction).find_system(org_id, kOrgEnvVault);
    std::vector<EnvVarView> views;
    if (!vault) return views;
    store::EnvVarRepository repository(transaction);
    for (store::EnvVarRow& row : repository.list(vault->id)) {
      TRY(EnvVarView view, view_env_var(transaction, keys_, org_id, std::move(row)));
      view.linked_vaults = repository.linked_vaults(view.row.id);
      views.push_back(std::move(view));
    }
    return views;
  };
  CO_TRY(auto views, co_await store_.read(read));
  AuditEntry entry{
      .action = "env_var.list", .resource_type = "env_var", .resource_id = {}, .details = {}};
  entry.details["scope"] = "org";
  entry.details["count"] = views.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(views);
}

asio::awaitable<Result<EnvVarView>> OrgEnvVars::create(Caller& caller, NewEnvVar variable) {
  CO_CHECK_OK(require_admin(caller));
  CO_CHECK_OK(validate_env_var_key(variable.key));
  CO_TRY(variable.environments, tidy_environments(std::move(variable.environments)));
  variable.git_branch.reset();
  const auto write = [&](store::Transaction& transaction) -> Result<EnvVarView> {
    const Uuid& org_id = caller.principal.org_id;
    TRY(const Uuid vault_id, org_vault(transaction, keys_, org_id));
    store::EnvVarRepository repository(transaction);
    CHECK_OK(check_env_var_room(repository, vault_id, "org"));
    store::EnvVarRow row = new_env_var(caller.principal, vault_id, variable);
    CHECK_OK(seal_env_var(transaction, keys_, org_id, row, variable.value.bytes()));
    repository.insert(row);
    audit_.append(transaction, caller, org_entry("env_var.create", row));
    return view_env_var(transaction, keys_, org_id, std::move(row));
  };
  CO_TRY(EnvVarView view, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(view);
}

asio::awaitable<Result<EnvVarView>> OrgEnvVars::update(Caller& caller, EnvVarSelector selector,
                                                       EnvVarUpdate update) {
  CO_CHECK_OK(require_admin(caller));
  if (update.environments) {
    CO_TRY(update.environments, tidy_environments(std::move(*update.environments)));
  }
  const auto write = [&](store::Transaction& transaction) -> Result<EnvVarView> {
    const Uuid& org_id = caller.principal.org_id;
    TRY(store::EnvVarRow row, find_variable(transaction, org_id, selector));
    CHECK_OK(apply_update(transaction, keys_, org_id, row, update));
    store::EnvVarRepository repository(transaction);
    repository.update(row);
    audit_.append(transaction, caller, org_entry("env_var.update", row));
    TRY(EnvVarView view, view_env_var(transaction, keys_, org_id, std::move(row)));
    view.linked_vaults = repository.linked_vaults(view.row.id);
    return view;
  };
  CO_TRY(EnvVarView view, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(view);
}

asio::awaitable<Result<void>> OrgEnvVars::remove(Caller& caller, EnvVarSelector selector) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::EnvVarRow row, find_variable(transaction, caller.principal.org_id, selector));
    store::EnvVarRepository(transaction).remove(row);
    audit_.append(transaction, caller, org_entry("env_var.delete", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> OrgEnvVars::link(Caller& caller, EnvVarSelector selector,
                                               Uuid vault_id) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const Uuid& org_id = caller.principal.org_id;
    TRY(const store::EnvVarRow row, find_variable(transaction, org_id, selector));
    const auto vault = store::VaultRepository(transaction).find(org_id, vault_id);
    if (!vault) return problems::not_found("No such vault.");
    if (vault->is_system) {
      return problems::validation("vault_id", "must not be one of the server's own vaults");
    }
    store::EnvVarRepository(transaction).link(row.id, vault_id, now());
    AuditEntry entry = org_entry("env_var.link", row);
    entry.details["vault_id"] = vault_id.to_string();
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> OrgEnvVars::unlink(Caller& caller, EnvVarSelector selector,
                                                 Uuid vault_id) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::EnvVarRow row, find_variable(transaction, caller.principal.org_id, selector));
    if (!store::EnvVarRepository(transaction).unlink(row.id, vault_id)) {
      return problems::not_found("The variable isn't linked to that vault.");
    }
    AuditEntry entry = org_entry("env_var.unlink", row);
    entry.details["vault_id"] = vault_id.to_string();
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

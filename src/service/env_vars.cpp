#include "service/env_vars.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <utility>

#include "service/access.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry env_var_entry(std::string action, const Uuid& vault_id, std::string_view key) {
  AuditEntry entry{
      .action = std::move(action), .resource_type = "env_var", .resource_id = {}, .details = {}};
  entry.details["vault_id"] = vault_id.to_string();
  if (!key.empty()) entry.details["key"] = key;
  return entry;
}

AuditEntry env_var_entry(std::string action, const store::EnvVarRow& row) {
  AuditEntry entry = env_var_entry(std::move(action), row.vault_id, row.key);
  entry.resource_id = row.id.to_string();
  entry.details["environments"] =
      boost::json::array(row.environments.begin(), row.environments.end());
  if (row.git_branch) entry.details["git_branch"] = *row.git_branch;
  entry.details["version"] = row.version;
  return entry;
}

Result<void> require_all(const VaultAccess& access, const store::EnvVarRow& row,
                         domain::Access wanted) {
  for (const std::string& environment : row.environments) {
    CHECK_OK(access.require(env_var_path(environment, row.key), wanted));
  }
  return {};
}

bool may_read(const VaultAccess& access, const store::EnvVarRow& row) {
  return std::ranges::any_of(row.environments, [&](const std::string& environment) {
    return access.allows(env_var_path(environment, row.key), domain::Access::kRead);
  });
}

Result<void> check_exist(store::EnvVarRepository& repository, const Uuid& vault_id,
                         const std::vector<std::string>& slugs) {
  for (const std::string& slug : slugs) {
    if (!has_environment(repository, vault_id, slug)) {
      return problems::validation("environments", "names one that the vault doesn't have");
    }
  }
  return {};
}

/// The variable that is meant, of those that the caller may do `wanted` to. A caller who may
/// do nothing with the key learns nothing about it.
Result<store::EnvVarRow> find_variable(store::EnvVarRepository& repository,
                                       const VaultAccess& access, const EnvVarSelector& selector,
                                       domain::Access wanted) {
  if (selector.environment) {
    CHECK_OK(access.require(env_var_path(*selector.environment, selector.key), wanted));
  }
  auto candidates = repository.with_key(access.vault().id, selector.key);
  if (!access.whole()) {
    std::erase_if(candidates, [&](const store::EnvVarRow& row) {
      return std::ranges::none_of(row.environments, [&](const std::string& environment) {
        return access.allows(env_var_path(environment, row.key), wanted);
      });
    });
    if (candidates.empty() && !selector.environment) {
      return problems::forbidden("No policy lets this principal do that to this variable.");
    }
  }
  return pick_env_var(std::move(candidates), selector);
}

/// The server merges variables by itself, so it can't hold them under a customer's key.
Result<void> check_key(const store::VaultRow& vault) {
  if (!vault.cmek_fingerprint) return {};
  return problems::conflict("A vault with a customer's key holds no variables.");
}

}  // namespace

std::string_view to_string(EnvVarSource source) {
  switch (source) {
    case EnvVarSource::kShared:
      return "shared";
    case EnvVarSource::kVault:
      return "vault";
    case EnvVarSource::kBranchOverride:
      return "branch_override";
  }
  return "vault";
}

asio::awaitable<Result<std::vector<EnvVarView>>> EnvVars::list(
    Caller& caller, Uuid vault_id, std::optional<std::string> environment) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<EnvVarView>> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(require_grant(access));
    std::vector<EnvVarView> views;
    for (store::EnvVarRow& row : store::EnvVarRepository(transaction).list(vault_id)) {
      if (environment) {
        if (std::ranges::find(row.environments, *environment) == row.environments.end()) continue;
        if (!access.allows(env_var_path(*environment, row.key), domain::Access::kRead)) continue;
      } else if (!may_read(access, row)) {
        continue;
      }
      TRY(EnvVarView view,
          view_env_var(transaction, keys_, caller.principal.org_id, std::move(row)));
      views.push_back(std::move(view));
    }
    return views;
  };
  CO_TRY(auto views, co_await store_.read(read));
  AuditEntry entry = env_var_entry("env_var.list", vault_id, {});
  entry.details["count"] = views.size();
  if (environment) entry.details["environment"] = *environment;
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(views);
}

asio::awaitable<Result<EnvVarView>> EnvVars::create(Caller& caller, Uuid vault_id,
                                                    NewEnvVar variable) {
  CO_CHECK_OK(validate_env_var_key(variable.key));
  CO_TRY(variable.environments, tidy_environments(std::move(variable.environments)));
  const auto write = [&](store::Transaction& transaction) -> Result<EnvVarView> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    store::EnvVarRow row = new_env_var(caller.principal, vault_id, variable);
    CHECK_OK(require_all(access, row, domain::Access::kPut));
    CHECK_OK(check_key(access.vault()));
    store::EnvVarRepository repository(transaction);
    CHECK_OK(check_exist(repository, vault_id, row.environments));
    CHECK_OK(check_env_var_room(repository, vault_id, "vault"));
    const Uuid& org_id = caller.principal.org_id;
    CHECK_OK(seal_env_var(transaction, keys_, org_id, row, variable.value.bytes()));
    repository.insert(row);
    audit_.append(transaction, caller, env_var_entry("env_var.create", row));
    return view_env_var(transaction, keys_, org_id, std::move(row));
  };
  CO_TRY(EnvVarView view, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(view);
}

asio::awaitable<Result<EnvVarView>> EnvVars::get(Caller& caller, Uuid vault_id,
                                                 EnvVarSelector selector) {
  const auto read = [&](store::Transaction& transaction) -> Result<EnvVarView> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    store::EnvVarRepository repository(transaction);
    TRY(store::EnvVarRow row, find_variable(repository, access, selector, domain::Access::kRead));
    return view_env_var(transaction, keys_, caller.principal.org_id, std::move(row));
  };
  CO_TRY(EnvVarView view, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, env_var_entry("env_var.read", view.row)));
  co_return std::move(view);
}

asio::awaitable<Result<EnvVarView>> EnvVars::update(Caller& caller, Uuid vault_id,
                                                    EnvVarSelector selector, EnvVarUpdate update) {
  if (update.environments) {
    CO_TRY(update.environments, tidy_environments(std::move(*update.environments)));
  }
  const auto write = [&](store::Transaction& transaction) -> Result<EnvVarView> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    store::EnvVarRepository repository(transaction);
    TRY(store::EnvVarRow row, find_variable(repository, access, selector, domain::Access::kPut));
    CHECK_OK(require_all(access, row, domain::Access::kPut));
    if (update.environments) CHECK_OK(check_exist(repository, vault_id, *update.environments));
    const Uuid& org_id = caller.principal.org_id;
    CHECK_OK(apply_update(transaction, keys_, org_id, row, update));
    CHECK_OK(require_all(access, row, domain::Access::kPut));
    repository.update(row);
    audit_.append(transaction, caller, env_var_entry("env_var.update", row));
    return view_env_var(transaction, keys_, org_id, std::move(row));
  };
  CO_TRY(EnvVarView view, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(view);
}

asio::awaitable<Result<void>> EnvVars::remove(Caller& caller, Uuid vault_id,
                                              EnvVarSelector selector) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    store::EnvVarRepository repository(transaction);
    TRY(store::EnvVarRow row, find_variable(repository, access, selector, domain::Access::kDelete));
    AuditEntry entry = env_var_entry("env_var.delete", row);
    if (selector.environment && row.environments.size() > 1) {
      EnvVarUpdate update;
      update.environments = row.environments;
      std::erase(*update.environments, *selector.environment);
      CHECK_OK(apply_update(transaction, keys_, caller.principal.org_id, row, update));
      repository.update(row);
      entry.details["environment"] = *selector.environment;
    } else {
      CHECK_OK(require_all(access, row, domain::Access::kDelete));
      repository.remove(row);
    }
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<ResolvedEnvVars>> EnvVars::resolve(Caller& caller, Uuid vault_id,
                                                          std::string environment,
                                                          std::optional<std::string> git_branch) {
  const auto read = [&](store::Transaction& transaction) -> Result<ResolvedEnvVars> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(require_grant(access));
    store::EnvVarRepository repository(transaction);
    if (!has_environment(repository, vault_id, environment)) {
      return problems::validation("environment", "is none of the vault's");
    }
    std::map<std::string, std::pair<EnvVarSource, store::EnvVarRow>> merged;
    const auto lay = [&](std::vector<store::EnvVarRow> rows, EnvVarSource source) {
      for (store::EnvVarRow& row : rows) {
        if (std::ranges::find(row.environments, environment) == row.environments.end()) continue;
        if ((source == EnvVarSource::kBranchOverride) != row.git_branch.has_value()) continue;
        if (row.git_branch && row.git_branch != git_branch) continue;
        if (!access.allows(env_var_path(environment, row.key), domain::Access::kRead)) continue;
        std::string key = row.key;
        merged.insert_or_assign(std::move(key), std::pair(source, std::move(row)));
      }
    };
    lay(repository.linked_to(vault_id), EnvVarSource::kShared);
    auto own = repository.list(vault_id);
    lay(own, EnvVarSource::kVault);
    lay(std::move(own), EnvVarSource::kBranchOverride);

    ResolvedEnvVars resolved{environment, git_branch, now(), {}};
    for (auto& [key, found] : merged) {
      TRY(SecureBytes value,
          open_env_var(transaction, keys_, caller.principal.org_id, found.second));
      resolved.variables.push_back({key, std::move(value), found.first});
    }
    return resolved;
  };
  CO_TRY(ResolvedEnvVars resolved, co_await store_.read(read));
  AuditEntry entry = env_var_entry("env_var.resolve", vault_id, {});
  entry.details["environment"] = environment;
  if (git_branch) entry.details["git_branch"] = *git_branch;
  boost::json::array names;
  for (const ResolvedEnvVar& variable : resolved.variables) names.emplace_back(variable.key);
  entry.details["keys"] = std::move(names);
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(resolved);
}

}  // namespace oneclaw::service

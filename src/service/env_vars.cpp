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

/// 403 unless the caller has anything at all in the vault.
Result<void> require_grant(const VaultAccess& access) {
  if (access.whole() || access.has_grant()) return {};
  return problems::forbidden("No policy gives this principal anything in that vault.");
}

bool exists(store::EnvVarRepository& repository, const Uuid& vault_id, std::string_view slug) {
  return is_built_in_environment(slug) ||
         std::ranges::any_of(
             repository.environments(vault_id),
             [&](const store::EnvironmentRow& environment) { return environment.slug == slug; });
}

Result<void> check_exist(store::EnvVarRepository& repository, const Uuid& vault_id,
                         const std::vector<std::string>& slugs) {
  for (const std::string& slug : slugs) {
    if (!exists(repository, vault_id, slug)) {
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

Result<void> check_room(store::EnvVarRepository& repository, const Uuid& vault_id) {
  if (repository.count(vault_id) < static_cast<std::int64_t>(kMostEnvVars)) return {};
  return problems::conflict("The vault has as many variables as one may have: 1000.");
}

Environment to_environment(store::EnvironmentRow row) {
  return {.id = row.id,
          .slug = std::move(row.slug),
          .description = std::move(row.description),
          .is_built_in = false,
          .copied_from = std::move(row.copied_from),
          .created_at = row.created_at};
}

/// Built-in environments have no row. Their id is the vault's with the last byte's bits turned by
/// their place in the list: stable, and of no other row.
Environment built_in(const store::VaultRow& vault, std::string_view slug, std::uint8_t place) {
  Uuid id = vault.id;
  id.bytes.back() = static_cast<std::uint8_t>(id.bytes.back() ^ place);
  return {.id = id,
          .slug = std::string(slug),
          .description = std::nullopt,
          .is_built_in = true,
          .copied_from = std::nullopt,
          .created_at = vault.created_at};
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
    const TimePoint at = now();
    store::EnvVarRow row{.id = Uuid::v7(),
                         .vault_id = vault_id,
                         .key = variable.key,
                         .environments = variable.environments,
                         .git_branch = variable.git_branch,
                         .sensitive = variable.sensitive,
                         .comment = variable.comment,
                         .version = 1,
                         .created_by = caller.principal.id,
                         .created_by_type = std::string(to_string(caller.principal.type)),
                         .created_at = at,
                         .updated_at = at,
                         .kek_version = 1,
                         .wrapped_dek = {},
                         .ciphertext = {}};
    CHECK_OK(require_all(access, row, domain::Access::kPut));
    CHECK_OK(check_key(access.vault()));
    store::EnvVarRepository repository(transaction);
    CHECK_OK(check_exist(repository, vault_id, row.environments));
    CHECK_OK(check_room(repository, vault_id));
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
    if (!exists(repository, vault_id, environment)) {
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

asio::awaitable<Result<std::vector<Environment>>> EnvVars::environments(Caller& caller,
                                                                        Uuid vault_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<Environment>> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(require_grant(access));
    std::vector<Environment> all{built_in(access.vault(), "development", 1),
                                 built_in(access.vault(), "preview", 2),
                                 built_in(access.vault(), "production", 3)};
    for (store::EnvironmentRow& row : store::EnvVarRepository(transaction).environments(vault_id)) {
      all.push_back(to_environment(std::move(row)));
    }
    return all;
  };
  CO_TRY(auto all, co_await store_.read(read));
  AuditEntry entry{.action = "environment.list",
                   .resource_type = "environment",
                   .resource_id = {},
                   .details = {}};
  entry.details["vault_id"] = vault_id.to_string();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(all);
}

asio::awaitable<Result<Environment>> EnvVars::create_environment(
    Caller& caller, Uuid vault_id, std::string slug, std::optional<std::string> description,
    std::optional<std::string> copy_from) {
  CO_CHECK_OK(validate_environment(slug, "slug"));
  const auto write = [&](store::Transaction& transaction) -> Result<Environment> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    store::EnvVarRepository repository(transaction);
    if (exists(repository, vault_id, slug)) {
      return problems::conflict("The vault has an environment of that name.");
    }
    if (repository.environments(vault_id).size() >= kMostEnvironments) {
      return problems::conflict("The vault has as many environments as one may have: 64.");
    }
    if (copy_from && !exists(repository, vault_id, *copy_from)) {
      return problems::validation("copy_from", "is none of the vault's environments");
    }
    store::EnvironmentRow row{.id = Uuid::v7(),
                              .vault_id = vault_id,
                              .slug = slug,
                              .description = description,
                              .copied_from = copy_from,
                              .created_at = now()};
    repository.insert_environment(row);
    std::int64_t copied = 0;
    if (copy_from) {
      const Uuid& org_id = caller.principal.org_id;
      for (store::EnvVarRow& variable : repository.list(vault_id)) {
        if (std::ranges::find(variable.environments, *copy_from) == variable.environments.end()) {
          continue;
        }
        CHECK_OK(check_room(repository, vault_id));
        TRY(const SecureBytes value, open_env_var(transaction, keys_, org_id, variable));
        variable.id = Uuid::v7();
        variable.environments = {slug};
        variable.version = 1;
        variable.created_by = caller.principal.id;
        variable.created_by_type = to_string(caller.principal.type);
        variable.created_at = variable.updated_at = row.created_at;
        CHECK_OK(seal_env_var(transaction, keys_, org_id, variable, value));
        repository.insert(variable);
        ++copied;
      }
    }
    AuditEntry entry{.action = "environment.create",
                     .resource_type = "environment",
                     .resource_id = row.id.to_string(),
                     .details = {}};
    entry.details["vault_id"] = vault_id.to_string();
    entry.details["slug"] = slug;
    entry.details["copied_variables"] = copied;
    audit_.append(transaction, caller, std::move(entry));
    return to_environment(std::move(row));
  };
  CO_TRY(Environment made, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(made);
}

asio::awaitable<Result<void>> EnvVars::remove_environment(Caller& caller, Uuid vault_id,
                                                          std::string slug) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    if (is_built_in_environment(slug)) {
      return problems::bad_request("A built-in environment can't be deleted.");
    }
    store::EnvVarRepository repository(transaction);
    if (!repository.remove_environment(vault_id, slug)) {
      return problems::not_found("No such environment.");
    }
    for (store::EnvVarRow& row : repository.list(vault_id)) {
      if (std::ranges::find(row.environments, slug) == row.environments.end()) continue;
      if (row.environments.size() == 1) {
        repository.remove(row);
        continue;
      }
      EnvVarUpdate update;
      update.environments = row.environments;
      std::erase(*update.environments, slug);
      CHECK_OK(apply_update(transaction, keys_, caller.principal.org_id, row, update));
      repository.update(row);
    }
    AuditEntry entry{.action = "environment.delete",
                     .resource_type = "environment",
                     .resource_id = slug,
                     .details = {}};
    entry.details["vault_id"] = vault_id.to_string();
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

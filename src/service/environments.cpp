// The environments of a vault: built-in ones and its own.
#include <algorithm>
#include <utility>

#include "service/access.h"
#include "service/env_vars.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

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
    if (has_environment(repository, vault_id, slug)) {
      return problems::conflict("The vault has an environment of that name.");
    }
    if (repository.environments(vault_id).size() >= kMostEnvironments) {
      return problems::conflict("The vault has as many environments as one may have: 64.");
    }
    if (copy_from && !has_environment(repository, vault_id, *copy_from)) {
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
        CHECK_OK(check_env_var_room(repository, vault_id, "vault"));
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

#include "service/env_var_values.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "crypto/envelope.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace {

constexpr std::array<std::string_view, 3> kBuiltIn{"development", "preview", "production"};
constexpr std::size_t kMostSlugBytes = 63;
constexpr std::size_t kMostKeyBytes = 256;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A variable is sealed like a version of a secret.
crypto::VersionBinding binding_of(const Uuid& org_id, const store::EnvVarRow& row) {
  boost::json::object said;
  said["environments"] = boost::json::array(row.environments.begin(), row.environments.end());
  if (row.git_branch) said["git_branch"] = *row.git_branch;
  said["sensitive"] = row.sensitive;
  if (row.comment) said["comment"] = *row.comment;
  return {.org_id = org_id,
          .vault_id = row.vault_id,
          .secret_id = row.id,
          .path = sealed_env_var_path(row.key),
          .version = row.version,
          .type = "env_var",
          .metadata_json = boost::json::serialize(said),
          .created_by = row.created_by_type + ":" + row.created_by.to_string(),
          .created_at = row.updated_at,
          .expires_at = std::nullopt,
          .max_access_count = std::nullopt};
}

}  // namespace

bool is_built_in_environment(std::string_view slug) {
  return std::ranges::find(kBuiltIn, slug) != kBuiltIn.end();
}

Result<void> validate_environment(std::string_view slug, std::string_view field) {
  const bool fits = !slug.empty() && slug.size() <= kMostSlugBytes && slug.front() != '-' &&
                    slug.back() != '-' && std::ranges::all_of(slug, [](char c) {
                      return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
                    });
  if (fits) return {};
  return problems::validation(std::string(field),
                              "must have 1 to 63 of a-z, 0-9 and -, with no - at its ends");
}

Result<void> validate_env_var_key(std::string_view key) {
  const bool fits =
      !key.empty() && key.size() <= kMostKeyBytes && !is_digit(key.front()) &&
      std::ranges::all_of(key, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
  if (fits) return {};
  return problems::validation("key",
                              "must have 1 to 256 letters, digits and _, and start with no digit");
}

Result<std::vector<std::string>> tidy_environments(std::vector<std::string> environments) {
  if (environments.empty()) return problems::validation("environments", "must name at least one");
  for (std::size_t i = 0; i < environments.size(); ++i) {
    CHECK_OK(validate_environment(environments[i], "environments[" + std::to_string(i) + "]"));
  }
  std::ranges::sort(environments);
  const auto repeats = std::ranges::unique(environments);
  environments.erase(repeats.begin(), repeats.end());
  return environments;
}

std::string sealed_env_var_path(std::string_view key) {
  return "#env/" + std::string(key);
}

std::string env_var_path(std::string_view environment, std::string_view key) {
  return "env/" + std::string(environment) + "/" + std::string(key);
}

store::EnvVarRow new_env_var(const Principal& author, const Uuid& vault_id,
                             const NewEnvVar& variable) {
  const TimePoint at = now();
  return {.id = Uuid::v7(),
          .vault_id = vault_id,
          .key = variable.key,
          .environments = variable.environments,
          .git_branch = variable.git_branch,
          .sensitive = variable.sensitive,
          .comment = variable.comment,
          .version = 1,
          .created_by = author.id,
          .created_by_type = std::string(to_string(author.type)),
          .created_at = at,
          .updated_at = at,
          .kek_version = 1,
          .wrapped_dek = {},
          .ciphertext = {}};
}

Result<void> check_env_var_room(store::EnvVarRepository& repository, const Uuid& vault_id,
                                std::string_view of) {
  if (repository.count(vault_id) < static_cast<std::int64_t>(kMostEnvVars)) return {};
  return problems::conflict("The " + std::string(of) +
                            " has as many variables as one may have: 1000.");
}

bool has_environment(store::EnvVarRepository& repository, const Uuid& vault_id,
                     std::string_view slug) {
  return is_built_in_environment(slug) ||
         std::ranges::any_of(
             repository.environments(vault_id),
             [&](const store::EnvironmentRow& environment) { return environment.slug == slug; });
}

Result<void> require_grant(const VaultAccess& access) {
  if (access.whole() || access.has_grant()) return {};
  return problems::forbidden("No policy gives this principal anything in that vault.");
}

Result<void> seal_env_var(store::Transaction& transaction, VaultKeys& keys, const Uuid& org_id,
                          store::EnvVarRow& row, ByteView value) {
  const auto kek_row = store::VaultRepository(transaction).newest_kek(row.vault_id);
  if (!kek_row) return problems::internal();
  TRY(const auto kek, keys.unwrap(org_id, *kek_row));
  TRY(crypto::SealedVersion sealed,
      crypto::seal_version(*kek, kek_row->version, binding_of(org_id, row), value));
  row.kek_version = kek_row->version;
  row.wrapped_dek = std::move(sealed.wrapped_dek);
  row.ciphertext = std::move(sealed.ciphertext);
  return {};
}

Result<SecureBytes> open_env_var(store::Transaction& transaction, VaultKeys& keys,
                                 const Uuid& org_id, const store::EnvVarRow& row) {
  const auto kek_row = store::VaultRepository(transaction).kek(row.vault_id, row.kek_version);
  if (!kek_row) return problems::internal();
  TRY(const auto kek, keys.unwrap(org_id, *kek_row));
  return crypto::open_version(*kek, row.kek_version, binding_of(org_id, row),
                              {row.wrapped_dek, row.ciphertext});
}

Result<void> apply_update(store::Transaction& transaction, VaultKeys& keys, const Uuid& org_id,
                          store::EnvVarRow& row, const EnvVarUpdate& update) {
  SecureBytes kept;
  if (!update.value) {
    TRY(kept, open_env_var(transaction, keys, org_id, row));
  }
  if (update.environments) row.environments = *update.environments;
  if (update.sensitive) row.sensitive = *update.sensitive;
  if (update.clear_comment) row.comment.reset();
  if (update.comment) row.comment = update.comment;
  row.version += 1;
  row.updated_at = now();
  return seal_env_var(transaction, keys, org_id, row,
                      update.value ? update.value->bytes() : ByteView(kept));
}

Result<store::EnvVarRow> pick_env_var(std::vector<store::EnvVarRow> candidates,
                                      const EnvVarSelector& selector) {
  std::erase_if(candidates, [&](const store::EnvVarRow& row) {
    if (selector.git_branch && row.git_branch != selector.git_branch) return true;
    return selector.environment &&
           std::ranges::find(row.environments, *selector.environment) == row.environments.end();
  });
  const auto branchless = [](const store::EnvVarRow& row) { return !row.git_branch; };
  if (!selector.git_branch && std::ranges::any_of(candidates, branchless)) {
    std::erase_if(candidates, [](const store::EnvVarRow& row) { return row.git_branch; });
  }
  if (candidates.empty()) return problems::not_found("No such variable.");
  if (candidates.size() > 1) {
    return problems::validation(selector.environment ? "git_branch" : "environment",
                                "is needed in the query, for several variables have this key");
  }
  return std::move(candidates.front());
}

Result<EnvVarView> view_env_var(store::Transaction& transaction, VaultKeys& keys,
                                const Uuid& org_id, store::EnvVarRow row) {
  EnvVarView view;
  if (!row.sensitive) {
    TRY(view.value, open_env_var(transaction, keys, org_id, row));
  }
  row.wrapped_dek.clear();
  row.ciphertext.clear();
  view.row = std::move(row);
  return view;
}

}  // namespace oneclaw::service

// What the environment variables of vaults and of orgs have in common: rules of names, the sealed
// value, and picking one variable out of those that share a key.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/access.h"
#include "service/vault_keys.h"
#include "store/env_var_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::size_t kMostEnvVarBytes = 32U * 1024;
inline constexpr std::size_t kMostEnvVars = 1000;          ///< in one vault, and in one org
inline constexpr std::size_t kMostEnvironmentsNamed = 32;  ///< by one variable

struct NewEnvVar {
  std::string key;
  SecureString value;
  std::vector<std::string> environments;
  std::optional<std::string> git_branch;
  bool sensitive = false;
  std::optional<std::string> comment;
};

struct EnvVarUpdate {
  std::optional<SecureString> value;
  std::optional<std::vector<std::string>> environments;
  std::optional<bool> sensitive;
  std::optional<std::string> comment;
  bool clear_comment = false;
};

/// Which variable of a key is meant: several may share it, for other environments or branches.
struct EnvVarSelector {
  std::string key;
  std::optional<std::string> environment;
  std::optional<std::string> git_branch;
};

/// A variable without its ciphertext, and with its value unless that is held back.
struct EnvVarView {
  store::EnvVarRow row;
  std::optional<SecureBytes> value;
  std::vector<Uuid> linked_vaults{};  ///< of an org's variable
};

/// development, preview and production: every vault has them.
bool is_built_in_environment(std::string_view slug);
/// 400 that names `field` unless it is 1 to 63 of `a-z 0-9 -`, with no `-` at its ends.
Result<void> validate_environment(std::string_view slug, std::string_view field);
/// 400 "key" unless it is what POSIX (IEEE Std 1003.1, §8.1) lets a variable be named, in 256
/// bytes: a letter or `_`, then letters, digits and `_`.
Result<void> validate_env_var_key(std::string_view key);
/// Checks the names (400 "environments[i]"), sorts them and drops repeats. None: 400.
Result<std::vector<std::string>> tidy_environments(std::vector<std::string> environments);

/// The path that a variable's value and DEK are bound to. No secret can have it (`#`), so that
/// neither opens as the other.
std::string sealed_env_var_path(std::string_view key);
/// The path that a policy must grant for the variable in that environment: `env/<slug>/<KEY>`.
std::string env_var_path(std::string_view environment, std::string_view key);

/// A variable's first version, not sealed yet.
store::EnvVarRow new_env_var(const Principal& author, const Uuid& vault_id,
                             const NewEnvVar& variable);
/// 409 when `of` (the vault, or the org whose vault it is) has kMostEnvVars.
Result<void> check_env_var_room(store::EnvVarRepository& repository, const Uuid& vault_id,
                                std::string_view of);
bool has_environment(store::EnvVarRepository& repository, const Uuid& vault_id,
                     std::string_view slug);
/// 403 unless the caller has anything at all in the vault.
Result<void> require_grant(const VaultAccess& access);

/// Seals `value` with a fresh DEK under the newest KEK of the row's vault, bound to all that the
/// row says (as crypto::VersionBinding binds a secret's version).
Result<void> seal_env_var(store::Transaction& transaction, VaultKeys& keys, const Uuid& org_id,
                          store::EnvVarRow& row, ByteView value);
/// 500 when the row was changed behind our back.
Result<SecureBytes> open_env_var(store::Transaction& transaction, VaultKeys& keys,
                                 const Uuid& org_id, const store::EnvVarRow& row);
/// Writes the changes into `row` and seals it anew as its next version.
Result<void> apply_update(store::Transaction& transaction, VaultKeys& keys, const Uuid& org_id,
                          store::EnvVarRow& row, const EnvVarUpdate& update);

/// The one that the selector means: one without a branch wins when no branch is named. 404 when
/// there is none; 400 "environment" when more than one is left.
Result<store::EnvVarRow> pick_env_var(std::vector<store::EnvVarRow> candidates,
                                      const EnvVarSelector& selector);

/// The row without its ciphertext, and its value unless it is sensitive.
Result<EnvVarView> view_env_var(store::Transaction& transaction, VaultKeys& keys,
                                const Uuid& org_id, store::EnvVarRow row);

}  // namespace oneclaw::service

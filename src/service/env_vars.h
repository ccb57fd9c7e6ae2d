// Use cases of a vault's environment variables and environments.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/env_var_values.h"
#include "service/vault_keys.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::size_t kMostEnvironments = 64;  ///< of a vault, besides the built-in ones

/// Where a resolved variable came from, the later winning over the earlier.
enum class EnvVarSource : std::uint8_t { kShared, kVault, kBranchOverride };
/// "shared" (the org's, linked), "vault" or "branch_override".
std::string_view to_string(EnvVarSource source);

struct ResolvedEnvVar {
  std::string key;
  SecureBytes value;
  EnvVarSource source = EnvVarSource::kVault;
};

struct ResolvedEnvVars {
  std::string environment;
  std::optional<std::string> git_branch;
  TimePoint resolved_at{};
  std::vector<ResolvedEnvVar> variables;  ///< by key
};

struct Environment {
  Uuid id;
  std::string slug;
  std::optional<std::string> description;
  bool is_built_in = false;
  std::optional<std::string> copied_from;
  TimePoint created_at{};
};

/// Policies apply as to secrets: a variable is at the path `env/<environment>/<KEY>`, once for
/// each of its environments. To read it one of these must grant `read`; to write it all must
/// grant `write`.
class EnvVars {
 public:
  EnvVars(store::Store& store, VaultKeys& keys, AuditLog& audit)
      : store_(store), keys_(keys), audit_(audit) {}

  /// What the caller may read, by key; of one environment when it is given.
  boost::asio::awaitable<Result<std::vector<EnvVarView>>> list(
      Caller& caller, Uuid vault_id, std::optional<std::string> environment);
  /// 409 when another variable has the key in one of the environments, on that branch.
  boost::asio::awaitable<Result<EnvVarView>> create(Caller& caller, Uuid vault_id,
                                                    NewEnvVar variable);
  boost::asio::awaitable<Result<EnvVarView>> get(Caller& caller, Uuid vault_id,
                                                 EnvVarSelector selector);
  boost::asio::awaitable<Result<EnvVarView>> update(Caller& caller, Uuid vault_id,
                                                    EnvVarSelector selector, EnvVarUpdate update);
  /// Without an environment, the variable whole; with one, it is taken out of that environment,
  /// and goes when that was its last.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid vault_id,
                                              EnvVarSelector selector);
  /// Merges the org's linked variables, the vault's, and those of the branch: what of the result
  /// the caller may read.
  boost::asio::awaitable<Result<ResolvedEnvVars>> resolve(Caller& caller, Uuid vault_id,
                                                          std::string environment,
                                                          std::optional<std::string> git_branch);

  /// The built-in ones, then the vault's own by slug.
  boost::asio::awaitable<Result<std::vector<Environment>>> environments(Caller& caller,
                                                                        Uuid vault_id);
  /// With `copy_from`, the variables of that environment are copied: the copies live on their own.
  /// 403 unless the caller reaches the vault whole; 409 when there is one of that slug.
  boost::asio::awaitable<Result<Environment>> create_environment(
      Caller& caller, Uuid vault_id, std::string slug, std::optional<std::string> description,
      std::optional<std::string> copy_from);
  /// Takes every variable out of it; those that were in no other go. 400 for a built-in one.
  boost::asio::awaitable<Result<void>> remove_environment(Caller& caller, Uuid vault_id,
                                                          std::string slug);

 private:
  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
};

}  // namespace oneclaw::service

// Use cases of an org's environment variables, which vaults take over by a link.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/env_var_values.h"
#include "service/vault_keys.h"
#include "store/store.h"

namespace oneclaw::service {

/// The org's system vault, whose KEK seals the org's variables.
inline constexpr std::string_view kOrgEnvVault = "__org-env";

/// For the org's owners and admins alone: 403 to others.
class OrgEnvVars {
 public:
  OrgEnvVars(store::Store& store, VaultKeys& keys, AuditLog& audit)
      : store_(store), keys_(keys), audit_(audit) {}

  boost::asio::awaitable<Result<std::vector<EnvVarView>>> list(Caller& caller);
  /// Its environments need be no vault's: they count where a linked vault has them.
  boost::asio::awaitable<Result<EnvVarView>> create(Caller& caller, NewEnvVar variable);
  /// `selector.key` is a key or an id, here and below.
  boost::asio::awaitable<Result<EnvVarView>> update(Caller& caller, EnvVarSelector selector,
                                                    EnvVarUpdate update);
  /// Its links go with it.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, EnvVarSelector selector);
  /// Linking twice is no error. 404 for a vault of another org.
  boost::asio::awaitable<Result<void>> link(Caller& caller, EnvVarSelector selector, Uuid vault_id);
  /// 404 when they are not linked.
  boost::asio::awaitable<Result<void>> unlink(Caller& caller, EnvVarSelector selector,
                                              Uuid vault_id);

 private:
  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
};

}  // namespace oneclaw::service

// Use cases of vaults.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/quotas.h"
#include "service/vault_keys.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// The org's vault for the private halves of its agents' keys.
inline constexpr std::string_view kAgentKeysVault = "__agent-keys";

/// Makes a vault with its first KEK, inside a write transaction.
Result<store::VaultRow> make_vault(store::Transaction& transaction, VaultKeys& keys,
                                   store::VaultRow vault);

class Vaults {
 public:
  Vaults(store::Store& store, VaultKeys& keys, AuditLog& audit, const Quotas& quotas)
      : store_(store), keys_(keys), audit_(audit), quotas_(quotas) {}

  /// 409 when the org has a vault of that name; 400 for a reserved name (`__…`).
  boost::asio::awaitable<Result<store::VaultRow>> create(Caller& caller, std::string name,
                                                         std::string description);
  /// Owners and admins see every vault; others those they made or hold a policy in.
  boost::asio::awaitable<Result<std::vector<store::VaultRow>>> list(Caller& caller);
  /// 404, or 403 for a vault of the org in which the caller has nothing.
  boost::asio::awaitable<Result<store::VaultRow>> get(Caller& caller, Uuid vault_id);
  /// The vault and all in it can't be reached from then on. 403 for a reserved vault.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid vault_id);

 private:
  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
  const Quotas& quotas_;
};

}  // namespace oneclaw::service

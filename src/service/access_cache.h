// What principals may reach in vaults, kept compiled.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "base/bounded_cache.h"
#include "base/caller.h"
#include "base/result.h"
#include "service/access.h"
#include "store/store.h"

namespace oneclaw::service {

/// Never gives an answer older than the last write that has been answered. Thread-safe.
class AccessCache {
 public:
  AccessCache(store::Store& store, std::size_t most_bytes) : store_(store), grants_(most_bytes) {}

  /// What VaultAccess::load gives, from memory; nullopt when it isn't there.
  std::optional<Result<VaultAccess>> find(const Caller& caller, const Uuid& vault_id);
  /// From memory, or else from `transaction`: never older than what the transaction sees. A read
  /// leaves it in memory.
  Result<VaultAccess> load(store::Transaction& transaction, const Caller& caller,
                           const Uuid& vault_id);
  /// From memory, or else by a read of its own.
  boost::asio::awaitable<Result<VaultAccess>> get(const Caller& caller, Uuid vault_id);

 private:
  struct Key {
    PrincipalType type;
    Uuid principal_id;
    Uuid vault_id;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<Uuid>{}(key.principal_id) * 31 + std::hash<Uuid>{}(key.vault_id);
    }
  };
  static Key key_of(const Principal& principal, const Uuid& vault_id) {
    return {principal.type, principal.id, vault_id};
  }

  store::Store& store_;
  BoundedCache<Key, VaultGrants, Hash> grants_;
};

}  // namespace oneclaw::service

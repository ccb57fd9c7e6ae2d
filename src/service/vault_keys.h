// The KEKs of vaults, made, wrapped by the keyring, and kept unwrapped for a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/keyring.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

class VaultKeys {
 public:
  static constexpr std::size_t kMostCached = 1024;
  static constexpr std::chrono::minutes kCachedFor{5};

  explicit VaultKeys(crypto::Keyring& keyring) : keyring_(keyring) {}

  /// A fresh KEK for a vault, wrapped and ready to be stored as `version`.
  Result<store::VaultKekRow> make(const Uuid& org_id, const Uuid& vault_id, std::int64_t version);
  /// The KEK of a stored row. Thread-safe.
  Result<std::shared_ptr<const Key256>> unwrap(const Uuid& org_id, const store::VaultKekRow& row);

 private:
  struct Entry {
    Uuid vault_id;
    std::int64_t version = 0;
    std::shared_ptr<const Key256> key;
    TimePoint until{};
  };
  using Entries = std::list<Entry>;  // most recently used first

  crypto::Keyring& keyring_;
  std::mutex mutex_;
  Entries entries_;
  std::map<std::pair<Uuid, std::int64_t>, Entries::iterator> index_;
};

}  // namespace oneclaw::service

// The KEKs of vaults, made, wrapped by the keyring, and kept unwrapped for a while.
#pragma once

#include <boost/asio/awaitable.hpp>
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
#include "service/blocking_pool.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// Thread-safe. A kept KEK is given for the very row it was unwrapped from alone, so it is never
/// one that a rotation or a re-wrapping has replaced.
class VaultKeys {
 public:
  static constexpr std::size_t kMostCached = 1024;
  static constexpr std::chrono::minutes kCachedFor{5};
  static constexpr std::size_t kUnwrapThreads = 2;
  static constexpr std::size_t kMostWaiting = 1024;

  explicit VaultKeys(crypto::Keyring& keyring)
      : keyring_(keyring), pool_(kUnwrapThreads, kMostWaiting) {}

  /// A fresh KEK for a vault, wrapped and ready to be stored as `version`. Blocks on the keyring.
  Result<store::VaultKekRow> make(const Uuid& org_id, const Uuid& vault_id, std::int64_t version);
  /// The KEK of a stored row, when it is kept; null otherwise.
  std::shared_ptr<const Key256> find(const store::VaultKekRow& row);
  /// The KEK of a stored row. Blocks on the keyring when it isn't kept.
  Result<std::shared_ptr<const Key256>> unwrap(const Uuid& org_id, const store::VaultKekRow& row);
  /// The same for an I/O thread: the keyring is asked on a pool's. 503 when too many wait there.
  boost::asio::awaitable<Result<std::shared_ptr<const Key256>>> get(
      Uuid org_id, std::shared_ptr<const store::VaultKekRow> row);
  /// Wipes the KEKs whose time is over.
  void drop_expired();

 private:
  struct Entry {
    Uuid vault_id;
    std::int64_t version = 0;
    Bytes wrapped;
    std::shared_ptr<const Key256> key;
    TimePoint until{};
  };
  using Entries = std::list<Entry>;  // most recently used first
  using Index = std::map<std::pair<Uuid, std::int64_t>, Entries::iterator>;

  void drop(Index::iterator entry);

  crypto::Keyring& keyring_;
  std::mutex mutex_;
  Entries entries_;
  Index index_;
  BlockingPool pool_;
};

}  // namespace oneclaw::service

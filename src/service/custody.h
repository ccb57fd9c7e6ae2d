// Key custody at work: rotation of root keys, KEKs and JWT keys while the server serves.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "crypto/keyring.h"
#include "service/audit_log.h"
#include "service/background.h"
#include "service/signing_keys.h"
#include "service/vault_keys.h"
#include "store/key_repository.h"
#include "store/key_rotation_repository.h"
#include "store/store.h"

namespace oneclaw::service {

/// What `operator status` tells of an unsealed server.
struct CustodyReport {
  std::vector<store::KeyRotationRow> rotations;    ///< newest first, at most 20
  std::vector<store::SigningKeyRow> signing_keys;  ///< newest first; without key material
};

/// The operator's side of the keys. A new key takes writes at once, old ones go on opening; a
/// background task rewraps what the old one wrapped, batch by batch. Each batch is one write
/// transaction with its progress, so a server that was killed goes on where it was. Thread-safe.
class Custody {
 public:
  static constexpr std::int64_t kBatch = 200;
  /// How long a KEK that wraps nothing more is kept for readers that still hold its rows.
  static constexpr std::chrono::seconds kKeptFor{60};
  /// How often a node that shares its database looks for JWT keys, and when a new one signs there.
  static constexpr std::chrono::seconds kRefresh{5};
  static constexpr std::chrono::seconds kSpread{15};

  /// `shared`: other nodes use the same database.
  Custody(store::Store& store, crypto::Keyring& keyring, VaultKeys& vault_keys,
          SigningKeys& signing_keys, AuditLog& audit, Background& background, bool shared);
  /// Adds its task to the background's, which must end before this goes.
  void start();

  /// A new root key. 409 while an earlier root rotation isn't finished, and where nodes that share
  /// a database each have a keyring file of their own.
  boost::asio::awaitable<Result<store::KeyRotationRow>> rotate_root();
  /// A new KEK for the vault. 404, or 409 while an earlier one isn't finished.
  boost::asio::awaitable<Result<store::KeyRotationRow>> rotate_vault(Uuid vault_id);
  /// A new JWT key, whose kid is given. The old one verifies for SigningKeys::kOverlap more;
  /// with `revoke_old`, not at all: every token out there ends. Where nodes share a database, the
  /// new one signs only once all of them know it.
  boost::asio::awaitable<Result<std::string>> rotate_jwt(bool revoke_old);
  /// Destroys a root key that wraps nothing any more. 409 while it does. A backup from its time
  /// can't be restored after this.
  boost::asio::awaitable<Result<void>> forget_root(std::string root_key_id);
  boost::asio::awaitable<Result<CustodyReport>> report();
  /// An event in the server's own chain.
  boost::asio::awaitable<Result<void>> record(std::string action, boost::json::object details);

  [[nodiscard]] store::Store& store() { return store_; }
  [[nodiscard]] crypto::Keyring& keyring() { return keyring_; }

 private:
  /// The background task: works off every rotation there is, then cleans up.
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<Result<void>> work_batch(store::KeyRotationRow rotation);
  boost::asio::awaitable<Result<void>> rewrap_deks(store::KeyRotationRow rotation);
  boost::asio::awaitable<Result<void>> rewrap_keks(store::KeyRotationRow rotation);
  Result<void> rewrap_server_keys(store::Transaction& transaction, const std::string& target);
  void finish(store::Transaction& transaction, store::KeyRotationRow& rotation);
  boost::asio::awaitable<Result<void>> clean_up(TimePoint finished_before);
  boost::asio::awaitable<void> refresh();

  store::Store& store_;
  crypto::Keyring& keyring_;
  VaultKeys& vault_keys_;
  SigningKeys& signing_keys_;
  AuditLog& audit_;
  Background& background_;
  const bool shared_;
  bool started_ = false;
  Background refresher_;  ///< where nodes share a database: each looks for the others' JWT keys
};

/// The event of a rotation, as far as its action goes.
AuditEntry rotation_entry(const store::KeyRotationRow& rotation, std::string action);
/// The version of the KEK that the rotation of a vault's key leads to.
std::int64_t kek_version_of(const store::KeyRotationRow& rotation);

}  // namespace oneclaw::service

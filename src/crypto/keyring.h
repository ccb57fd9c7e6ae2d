// Keyring: who holds the root key, and what it wraps.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "crypto/signer.h"

namespace oneclaw::crypto {

/// A key wrapped by a root key. Fit to be stored beside what it protects.
struct WrappedKey {
  std::string root_key_id;  ///< which root key opens it
  Bytes blob;
};

enum class KeyringState : std::uint8_t {
  kUninitialized,  ///< there is no root key yet: `operator init`
  kSealed,         ///< there is one, and it is locked: `operator unseal`
  kUnavailable,    ///< unsealed, but its holder doesn't answer (a token that was pulled out)
  kReady,
};
std::string_view to_string(KeyringState state);

/// What unseals a keyring.
enum class UnsealWith : std::uint8_t { kNothing, kPassphrase, kShares, kPin };
std::string_view to_string(UnsealWith what);

struct KeyringStatus {
  std::string provider;  ///< "file", "shamir" or "pkcs11"
  bool ready = false;    ///< state is kReady
  std::string active_root_key_id{};
  std::string detail{};  ///< a plain sentence on what this provider protects against
  KeyringState state = KeyringState::kReady;
  UnsealWith unseal_with = UnsealWith::kNothing;
  std::vector<std::string> root_key_ids{};  ///< those it can open with
  int threshold = 0;                        ///< of shares
  int shares = 0;
  int entered = 0;        ///< shares given to unseal() so far
  int entered_rekey = 0;  ///< shares given to rekey() so far
};

/// How a keyring is to be protected from now on: by a passphrase, or by `shares` of which
/// `threshold` are needed.
struct Protection {
  SecureString passphrase{};
  int shares = 0;
  int threshold = 0;
};

/// What init() and rekey() give. The shares are shown to their keepers once and never kept.
struct ProtectionOutcome {
  bool done = false;  ///< false: more of the old shares are needed
  std::vector<SecureString> shares{};
};

/// A JWT key as it is stored: wrapped by a root key, or held by the keyring itself.
struct StoredSigningKey {
  std::string kid{};
  Bytes public_key{};
  std::string root_key_id{};  ///< kHeldInToken: `blob` names a key inside the token
  Bytes blob{};
};
inline constexpr std::string_view kHeldInToken = "token";
/// The AAD under which a root key wraps a JWT key's seed.
Bytes signing_key_aad(std::string_view kid);

/// The AAD of what a root key wraps.
Bytes root_aad(std::string_view root_key_id, ByteView aad);

/// The holder of root keys. Implementations are thread-safe.
class Keyring {
 public:
  virtual ~Keyring() = default;

  /// Wraps `key` (AES-256-GCM under the active root key); `aad` must be given again to unwrap.
  virtual Result<WrappedKey> wrap(ByteView key, ByteView aad) = 0;
  /// 500 "decryption-failed" for a wrong AAD or blob, 503 when the root key isn't at hand.
  virtual Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) = 0;
  virtual KeyringStatus status() const = 0;

  /// A fresh Ed25519 key for JWTs. `keep` wraps it unless the keyring holds it itself.
  virtual Result<StoredSigningKey> generate_signing_key();
  /// What signs with a stored key. 500 when the key isn't the one that its record names.
  virtual Result<std::shared_ptr<const Signer>> open_signing_key(const StoredSigningKey& stored);

  /// Makes a new root key, durable when this returns, that wraps from now on; the old ones still
  /// unwrap. Gives its id.
  virtual Result<std::string> rotate() = 0;
  /// Destroys a root key that isn't the active one. What it wrapped can't be opened any more.
  virtual Result<void> forget(std::string_view root_key_id) = 0;

  /// Makes the first root key; the keyring stays sealed. 409 when there is one.
  virtual Result<ProtectionOutcome> init(const Protection& protection);
  /// One share, the passphrase or the PIN. True once the keyring is open. 400 when it is malformed
  /// or wrong; wrong shares are all forgotten.
  virtual Result<bool> unseal(std::string_view input) = 0;
  /// Forgets every key. wrap() and unwrap() give 503 from then on.
  virtual void seal() = 0;
  /// Protects the root keys anew; `proof` is one old share or the old passphrase (empty when there
  /// was none). `fresh` starts again with no shares.
  virtual Result<ProtectionOutcome> rekey(const Protection& protection, std::string_view proof);

  /// The keyring's own file, when it is encrypted and so fit to lie in a backup.
  virtual std::optional<std::string> portable_file() const { return std::nullopt; }
};

/// 503 "sealed".
Problem sealed_problem();

struct KeyringOptions {
  std::string uri = "file:";     ///< see docs/configuration.md
  std::filesystem::path folder;  ///< the data folder: `file:` without a path is keyring.json there
  bool create = false;           ///< there is no data yet, so a missing root key may be made
  bool sign_in_token = false;    ///< pkcs11: JWT keys never leave the token either
};

/// Opens the keyring that the URI names; it may be sealed or uninitialized. 400 that names
/// "keyring" for a bad URI; 500 when the keyring can't be had, or is absent when !create.
Result<std::unique_ptr<Keyring>> open_keyring(const KeyringOptions& options);

/// The `file:` provider without protection: root keys in one 0600 JSON file. Makes the file with a
/// fresh root key when `create` is set and there is none; written to a temporary file, fsynced and
/// renamed. Refuses (500) a file that others may read, is malformed, or is absent when !create.
Result<std::unique_ptr<Keyring>> open_file_keyring(const std::filesystem::path& file, bool create);

}  // namespace oneclaw::crypto

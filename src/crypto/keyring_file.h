// The encrypted form of the `file:` keyring: root keys sealed under a lock key, which a passphrase
// or k of n shares give.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/keyring.h"
#include "crypto/root_key_file.h"

namespace oneclaw::crypto {

/// JSON: {"format":"oneclaw-keyring-2","unseal":"passphrase"|"shares", "kdf":{"name":"argon2id",
/// "memory_kib":…,"passes":…,"salt":hex} | "shares":{"threshold":…,"count":…,"set":…},
/// "sealed":base64 of nonce | root_key_file.h's JSON | tag, AES-256-GCM under the lock key}.
/// All but `sealed` is its AAD.
struct LockedKeyring {
  UnsealWith unseal_with = UnsealWith::kPassphrase;
  std::int64_t memory_kib = 0;  ///< Argon2id (RFC 9106), one lane
  std::int64_t passes = 0;
  Bytes salt{};  ///< 16 bytes
  int threshold = 0;
  int count = 0;
  std::uint32_t set = 0;
  Bytes sealed{};
};

/// A fresh salt, and libsodium's MODERATE cost.
LockedKeyring new_passphrase_lock();
/// A fresh set number.
LockedKeyring new_shares_lock(int threshold, int count);

bool is_locked_keyring(std::string_view text);
std::string to_json(const LockedKeyring& locked);
/// nullopt unless it is what to_json() makes, with a cost of at most 1 GiB and 64 passes.
std::optional<LockedKeyring> locked_keyring_from_json(std::string_view text);

/// Argon2id of the passphrase. 503 when memory is short.
Result<Key256> derive_lock_key(const LockedKeyring& locked, std::string_view passphrase);

Result<void> lock(LockedKeyring& locked, const Key256& lock_key, const RootKeys& keys);
/// 400 "unseal" when it is the wrong key.
Result<RootKeys> unlock(const LockedKeyring& locked, const Key256& lock_key);

}  // namespace oneclaw::crypto

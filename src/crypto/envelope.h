// Envelope encryption of secret versions: root key > vault KEK > version DEK > value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw::crypto {

/// What a sealed version is bound to. Every member is part of the AES-GCM AAD, in a canonical
/// length-prefixed encoding, so that a row that was edited or moved does not open.
struct VersionBinding {
  Uuid org_id;
  Uuid vault_id;
  Uuid secret_id;
  std::string path;
  std::int64_t version = 0;
  std::string type;
  std::string metadata_json;
  std::string created_by;
  TimePoint created_at{};
  std::optional<TimePoint> expires_at;
  std::optional<std::int64_t> max_access_count;
};

struct SealedVersion {
  Bytes wrapped_dek;  ///< nonce | DEK | tag under the KEK; AAD: ids, path, version, kek_version
  Bytes ciphertext;   ///< nonce | value | tag under the DEK; AAD: the whole binding
};

/// Seals `value` with a fresh DEK and wraps the DEK with `kek`.
Result<SealedVersion> seal_version(const Key256& kek, std::int64_t kek_version,
                                   const VersionBinding& binding, ByteView value);

/// 500 "decryption-failed" unless every byte of the row is as it was sealed.
Result<SecureBytes> open_version(const Key256& kek, std::int64_t kek_version,
                                 const VersionBinding& binding, const SealedVersion& sealed);

/// The same DEK under another KEK: what rotation stores. The value's ciphertext stays. 500
/// "decryption-failed" unless the wrapped DEK is as it was sealed; of `binding`, the ids, the path
/// and the version count.
Result<Bytes> rewrap_dek(const Key256& old_kek, std::int64_t old_version, const Key256& new_kek,
                         std::int64_t new_version, const VersionBinding& binding,
                         ByteView wrapped_dek);

/// The AAD under which a vault's KEK is wrapped by the root key.
Bytes kek_aad(const Uuid& org_id, const Uuid& vault_id, std::int64_t kek_version);

}  // namespace oneclaw::crypto

// A secret's version: sealed on its way into the store, inside a transaction of the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/envelope.h"
#include "service/rotation_schedule.h"
#include "service/vault_keys.h"
#include "store/rotation_repository.h"
#include "store/secret_repository.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

struct NewSecret {
  std::string type = "generic";
  SecureString value;
  std::string metadata_json = "{}";
  std::optional<TimePoint> expires_at;
  std::optional<std::int64_t> max_access_count;
  std::optional<RotationSchedule> rotation;  ///< absent: the schedule stays, and starts anew
  bool clear_rotation = false;
  std::optional<std::string> cmek_fingerprint{};  ///< of the vault, when its client encrypts
};

/// A version without its value.
struct SecretMetadata {
  Uuid secret_id;
  std::string path;
  store::VersionRow version;
  std::optional<store::RotationPolicyRow> rotation{};  ///< told by put() and versions() alone
};

/// What a stored version's ciphertext is bound to.
crypto::VersionBinding version_binding(const Uuid& org_id, const Uuid& vault_id,
                                       std::string_view path, const store::VersionRow& version);

/// Seals and stores the next version of a secret, inside a write transaction. `kek`: the vault's
/// newest; null to look it up.
Result<SecretMetadata> put_secret(store::Transaction& transaction, VaultKeys& keys,
                                  const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const Principal& author, const NewSecret& secret,
                                  const store::VaultKekRow* kek = nullptr);
/// The same for an author that is no principal: the system, on behalf of `author_id`.
Result<SecretMetadata> put_secret(store::Transaction& transaction, VaultKeys& keys,
                                  const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const Uuid& author_id, std::string_view author_type,
                                  const NewSecret& secret, const store::VaultKekRow* kek = nullptr);

/// A version under a customer's key, opened, given the customer's next key and sealed anew under
/// the vault's newest KEK. Nothing is written.
Result<store::CmekVersion> reseal_cmek_version(store::Transaction& transaction, VaultKeys& keys,
                                               const Uuid& org_id, const Uuid& vault_id,
                                               const store::CmekVersion& version,
                                               const Key256& from, const Key256& to);

}  // namespace oneclaw::service

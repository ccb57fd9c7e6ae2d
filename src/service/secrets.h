// Use cases of secrets and their versions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/envelope.h"
#include "service/access_cache.h"
#include "service/audit_log.h"
#include "service/quotas.h"
#include "service/rotation_schedule.h"
#include "service/sealed_secrets.h"
#include "service/vault_keys.h"
#include "store/rotation_repository.h"
#include "store/secret_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::size_t kMostSecretBytes = 512U * 1024;
inline constexpr std::int64_t kMostListed = 1000;

/// What a stored version's ciphertext is bound to.
crypto::VersionBinding version_binding(const Uuid& org_id, const Uuid& vault_id,
                                       std::string_view path, const store::VersionRow& version);

/// 400 "type" unless it is one of the wire's secret types.
Result<void> validate_secret_type(std::string_view type);

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

struct SecretValue {
  SecretMetadata metadata;
  SecureBytes value;
};

struct SecretPage {
  std::vector<SecretMetadata> secrets;
  std::optional<std::string> next_path;  ///< the path to go on after; absent on the last page
};

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

class Secrets {
 public:
  /// `most_cached_bytes`: of sealed rows in memory.
  Secrets(store::Store& store, VaultKeys& keys, AccessCache& access, AuditLog& audit,
          const Quotas& quotas, std::size_t most_cached_bytes)
      : store_(store),
        keys_(keys),
        access_(access),
        audit_(audit),
        quotas_(quotas),
        sealed_(store.clock(), most_cached_bytes) {}

  boost::asio::awaitable<Result<SecretMetadata>> put(Caller& caller, Uuid vault_id,
                                                     std::string path, NewSecret secret);
  /// The current version, or the given one. 404 when there never was one; 410 when it was deleted,
  /// has expired, is disabled or its max_access_count is used up. A read of a version with a
  /// max_access_count is counted in the transaction of its audit event.
  boost::asio::awaitable<Result<SecretValue>> get(Caller& caller, Uuid vault_id, std::string path,
                                                  std::optional<std::int64_t> version);
  /// The current version, for a binding that someone who may read it made: the caller needs no
  /// policy, but one that denies it is a 403. Recorded as "secret.use".
  boost::asio::awaitable<Result<SecretValue>> use(Caller& caller, Uuid vault_id, std::string path,
                                                  Uuid binding_id);
  /// What the caller may read under `prefix`, in byte order of the path, after `after`.
  boost::asio::awaitable<Result<SecretPage>> list(Caller& caller, Uuid vault_id, std::string prefix,
                                                  std::string after, std::int64_t limit);
  /// Newest first; at most kMostListed.
  boost::asio::awaitable<Result<std::vector<SecretMetadata>>> versions(Caller& caller,
                                                                       Uuid vault_id,
                                                                       std::string path);
  /// Reads of the version give 410 from then on. Disabling twice is no error.
  boost::asio::awaitable<Result<void>> disable_version(Caller& caller, Uuid vault_id,
                                                       std::string path, std::int64_t version);
  /// Soft: reads give 410 until the next PUT.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid vault_id, std::string path);

 private:
  /// What a read finds: the row, still sealed, and the KEK row that opens it.
  struct Found {
    std::shared_ptr<const SealedSecret> secret;
    std::shared_ptr<const store::VaultKekRow> kek;
  };

  /// From memory; nullopt when something of it isn't there.
  std::optional<Result<Found>> find(const Caller& caller, const Uuid& vault_id,
                                    std::string_view path, bool by_binding);
  Result<Found> load(store::Transaction& transaction, const Caller& caller, const Uuid& vault_id,
                     const std::string& path, std::optional<std::int64_t> number, bool by_binding);
  /// `binding_id`: the value is used by that binding, not shown.
  boost::asio::awaitable<Result<SecretValue>> fetch(Caller& caller, Uuid vault_id, std::string path,
                                                    std::optional<std::int64_t> number,
                                                    std::optional<Uuid> binding_id);
  /// The access, and the vault's KEK unwrapped and kept, so that a write need not wait for it.
  boost::asio::awaitable<Result<void>> prepare_write(const Caller& caller, Uuid vault_id,
                                                     const std::string& path);

  store::Store& store_;
  VaultKeys& keys_;
  AccessCache& access_;
  AuditLog& audit_;
  const Quotas& quotas_;
  SealedSecrets sealed_;
};

}  // namespace oneclaw::service

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
#include "service/access_cache.h"
#include "service/audit_log.h"
#include "service/quotas.h"
#include "service/sealed_secrets.h"
#include "service/secret_version.h"
#include "service/vault_keys.h"
#include "store/secret_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::size_t kMostSecretBytes = 512U * 1024;
inline constexpr std::int64_t kMostListed = 1000;

/// 400 "type" unless it is one of the wire's secret types.
Result<void> validate_secret_type(std::string_view type);

struct SecretValue {
  SecretMetadata metadata;
  SecureBytes value;
};

struct SecretPage {
  std::vector<SecretMetadata> secrets;
  std::optional<std::string> next_path;  ///< the path to go on after; absent on the last page
};

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

// Secrets and their sealed versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/paging.h"
#include "store/store.h"

namespace oneclaw::store {

struct SecretRow {
  Uuid id{};
  Uuid vault_id{};
  std::string path{};  ///< unique in its vault
  std::int64_t current_version = 1;
  TimePoint created_at{};
  TimePoint updated_at{};
  std::optional<TimePoint> deleted_at{};
};

struct VersionRow {
  Uuid secret_id{};
  std::int64_t version = 1;
  std::string type{};
  std::string metadata = "{}";  ///< JSON object
  Uuid created_by{};
  std::string created_by_type{};
  TimePoint created_at{};
  std::optional<TimePoint> expires_at{};
  std::optional<std::int64_t> max_access_count{};
  std::int64_t access_count = 0;
  bool is_disabled = false;
  std::optional<std::string> cmek_fingerprint{};  ///< of the customer's key the value is under
  std::int64_t kek_version = 1;
  Bytes wrapped_dek{};  ///< empty in lists, like the ciphertext
  Bytes ciphertext{};
};

struct CmekVersionId {
  Uuid secret_id{};
  std::int64_t version = 0;
};

/// A version, sealed, with the path that it is bound to.
struct CmekVersion {
  std::string path{};
  VersionRow row{};
};

struct ListedSecret {
  SecretRow secret{};
  VersionRow version{};  ///< the current one
};

/// Methods throw Error; reads throw kTampered for a row that isn't as this class wrote it. Those of
/// one secret or version, and count_access(), also for one that is older than the audit chain says
/// (secret_witness.h).
class SecretRepository {
 public:
  explicit SecretRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  /// Deleted ones too.
  std::optional<SecretRow> find(const Uuid& vault_id, std::string_view path);
  std::optional<SecretRow> find_by_id(const Uuid& secret_id);
  void insert(const SecretRow& secret);
  /// Makes `version` the current one; a deleted secret lives again.
  void advance(SecretRow secret, std::int64_t version, TimePoint at);
  /// Soft. False when there is no such secret or it was deleted before.
  bool remove(const Uuid& secret_id, TimePoint at);
  /// The living secrets whose path starts with `prefix` and comes after `after_path` (empty: from
  /// the start), in byte order of the path.
  std::vector<ListedSecret> list(const Uuid& vault_id, std::string_view prefix,
                                 std::string_view after_path, std::int64_t limit);

  void insert_version(const VersionRow& version);
  std::optional<VersionRow> find_version(const Uuid& secret_id, std::int64_t version);
  /// Newest first, those before version `before` when it is given.
  std::vector<VersionRow> list_versions(const Uuid& secret_id, std::int64_t limit,
                                        std::optional<std::int64_t> before = std::nullopt);
  /// Counts one access and says how many that makes; nullopt when max_access_count is used up (or
  /// there is no such version).
  std::optional<std::int64_t> count_access(const Uuid& secret_id, std::int64_t version);

  /// False when there is no such version, or it was disabled before.
  bool disable_version(const Uuid& secret_id, std::int64_t version);

  /// The vault's versions under that customer's key, of deleted secrets too, by id and version,
  /// those after `after`.
  std::vector<CmekVersion> cmek_versions(const Uuid& vault_id, std::string_view fingerprint,
                                         const std::optional<CmekVersionId>& after,
                                         std::int64_t limit);
  std::int64_t count_cmek_versions(const Uuid& vault_id, std::string_view fingerprint);
  /// Swaps the sealed value and its fingerprint, when it still is under `old_fingerprint`: false
  /// otherwise.
  bool replace_cmek_version(const VersionRow& version, std::string_view old_fingerprint);
  /// Puts a version's DEK, wrapped anew, in the place of the one wrapped by KEK `from`; nothing is
  /// left to do for one that is under `to` or later by now. False when it is under another or its
  /// row was tampered with.
  bool rewrap(const Uuid& secret_id, std::int64_t version, std::int64_t from, std::int64_t to,
              ByteView wrapped_dek);

  /// Seals the rows that have no seal yet: those from before schema 5.
  void seal_unsealed();

 private:
  std::optional<SecretRow> witnessed(Statement& query);
  void update(const SecretRow& secret);
  void update(const VersionRow& version);
  std::optional<VersionRow> version_metadata(const Uuid& secret_id, std::int64_t version);

  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

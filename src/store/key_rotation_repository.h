// Rotations of root keys and of vaults' KEKs, and the rows that they go over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct KeyRotationRow {
  Uuid id{};
  std::string kind{};  ///< "root" or "vault"
  std::optional<Uuid> org_id{};
  std::optional<Uuid> vault_id{};
  std::string target{};  ///< the new root key's id, or the new KEK's version
  std::int64_t total = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;  ///< of `done`: those that don't open, and were left as they are
  Uuid cursor_id{};         ///< the last vault or variable that was gone over
  std::string cursor_path{};
  std::int64_t cursor_version = 0;
  TimePoint started_at{};
  std::optional<TimePoint> finished_at{};
  std::optional<TimePoint> cleaned_at{};  ///< when the keys that it replaced were removed
};

/// A secret's version or an environment variable whose DEK is wrapped by an older KEK.
struct DekRow {
  Uuid id{};           ///< of the secret or the variable
  std::string path{};  ///< the variable's key
  std::int64_t version = 0;
  std::int64_t kek_version = 0;
  Bytes wrapped_dek{};
};

/// A KEK that is wrapped by an older root key.
struct KekRow {
  Uuid org_id{};
  Uuid vault_id{};
  std::int64_t version = 0;
  std::string root_key_id{};
  Bytes wrapped{};
};

/// Methods throw Error.
class KeyRotationRepository {
 public:
  explicit KeyRotationRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert(const KeyRotationRow& rotation);
  /// Progress, cursor and times.
  void update(const KeyRotationRow& rotation);
  /// The oldest that isn't finished.
  std::optional<KeyRotationRow> unfinished();
  std::optional<KeyRotationRow> unfinished_for_vault(const Uuid& vault_id);
  /// Newest first.
  std::vector<KeyRotationRow> list(std::int64_t limit);
  /// Finished before `before`, and not cleaned.
  std::vector<KeyRotationRow> to_clean(TimePoint before);

  /// A vault's org, of a removed vault too.
  std::optional<Uuid> org_of(const Uuid& vault_id);
  /// Of versions and variables.
  std::int64_t count_deks(const Uuid& vault_id, std::int64_t below_kek_version);
  /// Of versions, by path and version, after the rotation's cursor.
  std::vector<DekRow> deks(const KeyRotationRow& rotation, std::int64_t below_kek_version,
                           std::int64_t limit);
  /// Of environment variables, by id, after the rotation's cursor.
  std::vector<DekRow> env_var_deks(const KeyRotationRow& rotation, std::int64_t below_kek_version,
                                   std::int64_t limit);
  std::int64_t count_keks(std::string_view root_key_id_not);
  /// How many KEKs, signing keys and server keys a root key wraps.
  std::int64_t count_wrapped_by(std::string_view root_key_id);
  /// By vault and version, after the rotation's cursor; those of removed vaults too.
  std::vector<KekRow> keks(const KeyRotationRow& rotation, std::int64_t limit);
  /// False when the KEK isn't wrapped by root key `from` any more.
  bool rewrap_kek(const KekRow& kek, std::string_view from);
  /// The KEKs of a vault below `version` that no DEK needs.
  void remove_unused_keks(const Uuid& vault_id, std::int64_t below_version);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

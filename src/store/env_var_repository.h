// Environments of vaults, environment variables with their sealed values, and the links through
// which a vault takes over its org's variables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

/// One that a vault has besides the built-in ones.
struct EnvironmentRow {
  Uuid id{};
  Uuid vault_id{};
  std::string slug{};  ///< unique in its vault
  std::optional<std::string> description{};
  std::optional<std::string> copied_from{};
  TimePoint created_at{};
};

struct EnvVarRow {
  Uuid id{};
  Uuid vault_id{};
  std::string key{};
  std::vector<std::string> environments{};  ///< sorted, each once
  std::optional<std::string> git_branch{};
  bool sensitive = false;
  std::optional<std::string> comment{};
  std::int64_t version = 1;
  Uuid created_by{};
  std::string created_by_type{};
  TimePoint created_at{};
  TimePoint updated_at{};
  std::int64_t kek_version = 1;
  Bytes wrapped_dek{};
  Bytes ciphertext{};
};

/// Methods throw Error.
class EnvVarRepository {
 public:
  explicit EnvVarRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Kind::kUnique when the vault has one of that slug.
  void insert_environment(const EnvironmentRow& environment);
  /// By slug.
  std::vector<EnvironmentRow> environments(const Uuid& vault_id);
  /// False when there is none.
  bool remove_environment(const Uuid& vault_id, std::string_view slug);

  /// Kind::kUnique when another variable has the key in one of the environments, on that branch.
  void insert(const EnvVarRow& variable);
  /// Writes all but ids, key, branch and creation. Kind::kUnique as insert().
  void update(const EnvVarRow& variable);
  void remove(const EnvVarRow& variable);
  /// Puts a DEK that was rewrapped in the place of the one under KEK `from`. Does nothing when the
  /// variable was changed or removed meanwhile.
  void rewrap(const Uuid& id, std::int64_t version, std::int64_t from, std::int64_t to,
              ByteView wrapped_dek);
  std::optional<EnvVarRow> find(const Uuid& vault_id, const Uuid& id);
  std::vector<EnvVarRow> with_key(const Uuid& vault_id, std::string_view key);
  /// By key, then id.
  std::vector<EnvVarRow> list(const Uuid& vault_id);
  /// Those linked to the vault, by key, then id.
  std::vector<EnvVarRow> linked_to(const Uuid& vault_id);
  std::int64_t count(const Uuid& vault_id);

  /// False when they were linked before.
  bool link(const Uuid& variable_id, const Uuid& vault_id, TimePoint at);
  bool unlink(const Uuid& variable_id, const Uuid& vault_id);
  /// The living vaults that the variable is linked to, by id.
  std::vector<Uuid> linked_vaults(const Uuid& variable_id);

 private:
  void insert_slots(const EnvVarRow& variable);
  void remove_slots(const Uuid& variable_id);

  Connection& connection_;
};

}  // namespace oneclaw::store

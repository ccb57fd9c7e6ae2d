// Vaults and their wrapped KEKs. A removed vault is found by none of the methods.
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

struct VaultRow {
  Uuid id{};
  Uuid org_id{};
  std::string name{};  ///< unique among the org's living vaults
  std::string description{};
  Uuid created_by{};
  std::string created_by_type{};
  bool is_system = false;
  TimePoint created_at{};
  std::optional<std::string> cmek_fingerprint{};  ///< of the customer's key, when there is one
};

struct VaultKekRow {
  Uuid vault_id{};
  std::int64_t version = 1;
  std::string root_key_id{};
  Bytes wrapped{};
  TimePoint created_at{};
};

/// Methods throw Error; reads of a vault throw kTampered when its org, maker or kind was changed.
class VaultRepository {
 public:
  explicit VaultRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  /// Kind::kUnique when the name is taken.
  void insert(const VaultRow& vault);
  std::optional<VaultRow> find(const Uuid& org_id, const Uuid& id);
  std::optional<VaultRow> find_system(const Uuid& org_id, std::string_view name);
  /// By id, system vaults too.
  std::vector<VaultRow> list(const Uuid& org_id, std::optional<Uuid> after = std::nullopt,
                             std::int64_t limit = kNoLimit);
  /// Soft: the rows stay, the name is free again. False when there is no such vault.
  bool remove(const Uuid& org_id, const Uuid& id, TimePoint at);

  /// Writes the row's cmek_fingerprint.
  void set_cmek(const VaultRow& vault);

  void insert_kek(const VaultKekRow& kek);
  std::optional<VaultKekRow> kek(const Uuid& vault_id, std::int64_t version);
  std::optional<VaultKekRow> newest_kek(const Uuid& vault_id);

  /// Seals the vaults that have no seal yet: those from before schema 5.
  void seal_unsealed();

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

// Schedules on which secrets are rotated, and CMEK rotation jobs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct RotationPolicyRow {
  Uuid secret_id{};
  Uuid org_id{};
  Uuid vault_id{};
  std::int64_t interval_seconds = 0;
  std::int64_t length = 0;
  std::string charset{};
  Uuid created_by{};
  TimePoint next_rotation_at{};
};

/// Methods throw Error.
class RotationRepository {
 public:
  explicit RotationRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Makes or replaces the policy of a secret.
  void put(const RotationPolicyRow& policy);
  std::optional<RotationPolicyRow> find(const Uuid& secret_id);
  void set_next(const Uuid& secret_id, TimePoint at);
  /// False when there is none.
  bool remove(const Uuid& secret_id);
  bool any_in_vault(const Uuid& vault_id);
  /// Those whose time has come, of living vaults, the longest due first.
  std::vector<RotationPolicyRow> due(TimePoint at, std::int64_t limit);

 private:
  Connection& connection_;
};

struct CmekRotationRow {
  Uuid id{};
  Uuid vault_id{};
  std::string old_fingerprint{};
  std::string new_fingerprint{};
  std::string status = "pending";  ///< pending, running, completed or failed
  std::int64_t total = 0;
  std::int64_t processed = 0;
  std::int64_t skipped = 0;
  std::optional<std::string> error{};
  Uuid created_by{};
  TimePoint created_at{};
  std::optional<TimePoint> started_at{};
  std::optional<TimePoint> completed_at{};
};

/// Methods throw Error.
class CmekRotationRepository {
 public:
  explicit CmekRotationRepository(Transaction& transaction)
      : connection_(transaction.connection()) {}

  /// Kind::kUnique when the vault has one that is pending or running.
  void insert(const CmekRotationRow& job);
  std::optional<CmekRotationRow> find(const Uuid& vault_id, const Uuid& id);
  /// The vault's that is pending or running.
  std::optional<CmekRotationRow> open(const Uuid& vault_id);
  /// Writes what changes while it runs.
  void update(const CmekRotationRow& job);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

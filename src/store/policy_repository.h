// Access policies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/paging.h"
#include "store/store.h"

namespace oneclaw::store {

struct PolicyRow {
  Uuid id{};
  Uuid vault_id{};
  Uuid org_id{};
  std::string secret_path_pattern{};
  std::string principal_type{};  ///< "user" or "agent"
  Uuid principal_id{};
  std::int64_t permissions = 0;  ///< a mask of domain::Permission
  std::string effect = "allow";
  std::int64_t priority = 0;
  std::string conditions = "{}";  ///< JSON object
  std::optional<TimePoint> expires_at{};
  std::string extra = "{}";  ///< JSON object: wire fields that are kept and echoed only
  std::optional<std::string> approval{};  ///< JSON object: what domain::ApprovalRule parses
  Uuid created_by{};
  std::string created_by_type{};
  TimePoint created_at{};
  TimePoint updated_at{};
};

/// Methods throw Error.
class PolicyRepository {
 public:
  explicit PolicyRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert(const PolicyRow& policy);
  std::optional<PolicyRow> find(const Uuid& vault_id, const Uuid& id);
  std::optional<PolicyRow> find_in_org(const Uuid& org_id, const Uuid& id);
  /// By id.
  std::vector<PolicyRow> list(const Uuid& vault_id, std::optional<Uuid> after = std::nullopt,
                              std::int64_t limit = kNoLimit);
  /// All of the principal's in the vault, expired ones too.
  std::vector<PolicyRow> for_principal(const Uuid& vault_id, std::string_view principal_type,
                                       const Uuid& principal_id);
  /// The vaults of the org in which a policy names the principal, each once.
  std::vector<Uuid> vaults_for_principal(const Uuid& org_id, std::string_view principal_type,
                                         const Uuid& principal_id);

  /// Writes all but ids, principal and creation, by vault and id. False when there is none, here
  /// and below.
  bool update(const PolicyRow& policy);
  bool remove(const Uuid& vault_id, const Uuid& id);
  /// Gives the number of policies removed.
  std::int64_t remove_for_principal(std::string_view principal_type, const Uuid& principal_id);

 private:
  /// Steps a statement that returns the principal_id of the policy it changed.
  bool touch_principal(Statement& changed);

  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

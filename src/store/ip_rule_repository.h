// The IP rules of orgs.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct IpRuleRow {
  Uuid id{};
  Uuid org_id{};
  std::string rule_type{};  ///< "allow" or "deny"
  std::string cidr{};
  std::string label{};
  std::string applies_to{};  ///< "all", "users" or "agents"
  Uuid created_by{};
  TimePoint created_at{};
};

/// Methods throw Error.
class IpRuleRepository {
 public:
  explicit IpRuleRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Kind::kUnique when the org has the same rule.
  void insert(const IpRuleRow& rule);
  /// By id.
  std::vector<IpRuleRow> list(const Uuid& org_id);
  /// Of every org, by id.
  std::vector<IpRuleRow> list_all();
  /// False when there is none.
  bool remove(const Uuid& org_id, const Uuid& id);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

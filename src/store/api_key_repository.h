// Personal API keys.
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

struct ApiKeyRow {
  Uuid id{};
  Uuid org_id{};
  Uuid user_id{};
  std::string name{};
  std::string lookup{};
  Bytes mac{};
  std::vector<std::string> scopes{};
  bool is_active = true;
  TimePoint created_at{};
  std::optional<TimePoint> expires_at{};
  std::optional<TimePoint> last_used_at{};
};

/// Methods throw Error.
class ApiKeyRepository {
 public:
  explicit ApiKeyRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert(const ApiKeyRow& key);
  std::optional<ApiKeyRow> find(const Uuid& org_id, const Uuid& user_id, const Uuid& id);
  std::optional<ApiKeyRow> find_by_id(const Uuid& id);
  /// Every key of that look-up prefix, active or not: compare the MACs.
  std::vector<ApiKeyRow> find_by_lookup(std::string_view lookup);
  /// The user's keys by id, revoked ones too.
  std::vector<ApiKeyRow> list(const Uuid& user_id, std::optional<Uuid> after = std::nullopt,
                              std::int64_t limit = kNoLimit);
  /// False when there is no such active key.
  bool revoke(const Uuid& org_id, const Uuid& user_id, const Uuid& id);
  void touch(const Uuid& id, TimePoint at);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

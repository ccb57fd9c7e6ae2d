// Agents. A removed agent is found by none of the methods.
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

struct AgentRow {
  Uuid id{};
  Uuid org_id{};
  std::string name{};
  std::string description{};
  std::string auth_method = "api_key";
  std::vector<std::string> scopes{};
  std::vector<Uuid> vault_ids{};
  bool is_active = true;
  std::optional<std::int64_t> token_ttl_seconds{};
  std::optional<TimePoint> expires_at{};
  std::optional<TimePoint> api_key_expires_at{};
  std::string key_lookup{};  ///< empty, like the MAC: the agent has no key
  Bytes key_mac{};
  std::string ssh_public_key{};
  std::string ecdh_public_key{};
  std::int64_t token_version = 1;  ///< a token of another version is dead
  std::string extra = "{}";        ///< JSON object: wire fields that are kept and echoed only
  Uuid created_by{};
  std::string created_by_type{};
  TimePoint created_at{};
  std::optional<TimePoint> last_active_at{};
};

/// Methods throw Error.
class AgentRepository {
 public:
  explicit AgentRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert(const AgentRow& agent);
  std::optional<AgentRow> find(const Uuid& org_id, const Uuid& id);
  std::optional<AgentRow> find_by_id(const Uuid& id);
  /// Every agent whose key has that look-up prefix: compare the MACs.
  std::vector<AgentRow> find_by_lookup(std::string_view lookup);
  /// By id.
  std::vector<AgentRow> list(const Uuid& org_id, std::optional<Uuid> after = std::nullopt,
                             std::int64_t limit = kNoLimit);

  /// Writes name, description, auth_method, scopes, vault_ids, is_active, the two expiries,
  /// token_ttl_seconds, both public keys and extra. False when there is no such agent, here and
  /// below.
  bool update(const AgentRow& agent);
  /// Ends the agent's live tokens.
  bool bump_token_version(const Uuid& id);
  bool set_key(const Uuid& id, std::string_view lookup, ByteView mac,
               std::optional<TimePoint> expires_at);
  /// Soft: the row stays, inactive, and its live tokens end.
  bool remove(const Uuid& org_id, const Uuid& id, TimePoint at);
  bool touch(const Uuid& id, TimePoint at);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

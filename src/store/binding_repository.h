// Bindings, by which an agent uses a credential without seeing it, and what was done by them.
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

struct BindingRow {
  Uuid id{};
  Uuid org_id{};
  Uuid agent_id{};
  std::string binding_type{};
  std::string name{};
  std::string config = "{}";      ///< JSON object
  std::string guardrails = "{}";  ///< JSON object
  bool is_active = true;
  /// One of the two, or neither: a value sealed for this row, or a place in a vault.
  std::optional<Bytes> credential_sealed{};
  std::optional<Uuid> credential_vault_id{};
  std::optional<std::string> credential_path{};
  Uuid created_by{};
  TimePoint created_at{};
  TimePoint updated_at{};
};

struct ExecutionRow {
  Uuid id{};
  Uuid org_id{};
  Uuid agent_id{};
  Uuid binding_id{};
  std::string intent_type{};
  std::string status{};
  std::string request_summary = "{}";           ///< JSON object, without any value
  std::optional<std::string> result_summary{};  ///< JSON object
  std::optional<std::string> error_message{};
  std::int64_t duration_ms = 0;
  std::int64_t redactions_applied = 0;
  TimePoint created_at{};
};

/// Methods throw Error.
class BindingRepository {
 public:
  explicit BindingRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Error kUnique when the agent has a binding of that name.
  void insert(const BindingRow& binding);
  std::optional<BindingRow> find(const Uuid& agent_id, const Uuid& id);
  std::optional<BindingRow> find_by_name(const Uuid& agent_id, std::string_view name);
  /// By id.
  std::vector<BindingRow> list(const Uuid& agent_id, std::int64_t limit);
  /// Writes config, guardrails, is_active, the credential and updated_at. False: no such binding.
  bool update(const BindingRow& binding);
  bool remove(const Uuid& agent_id, const Uuid& id);
  void remove_for_agent(const Uuid& agent_id);

  void insert_execution(const ExecutionRow& execution);
  /// Newest first.
  std::vector<ExecutionRow> list_executions(const Uuid& agent_id, std::int64_t limit,
                                            std::int64_t offset);
  std::int64_t count_executions(const Uuid& binding_id, TimePoint since);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

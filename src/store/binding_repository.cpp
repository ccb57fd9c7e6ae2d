#include "store/binding_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, agent_id, binding_type, name, config, guardrails, is_active, "
    "credential_sealed, credential_vault_id, credential_path, created_by, created_at, updated_at "
    "FROM bindings";

std::vector<BindingRow> all(Statement& query) {
  std::vector<BindingRow> rows;
  while (query.step()) {
    rows.push_back(
        {.id = query.uuid(0),
         .org_id = query.uuid(1),
         .agent_id = query.uuid(2),
         .binding_type = query.text(3),
         .name = query.text(4),
         .config = query.text(5),
         .guardrails = query.text(6),
         .is_active = query.boolean(7),
         .credential_sealed = query.is_null(8) ? std::nullopt : std::optional(query.blob(8)),
         .credential_vault_id = query.optional_uuid(9),
         .credential_path = query.optional_text(10),
         .created_by = query.uuid(11),
         .created_at = query.time(12),
         .updated_at = query.time(13)});
  }
  return rows;
}

std::optional<BindingRow> one(Statement& query) {
  auto rows = all(query);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::optional<ByteView> view(const std::optional<Bytes>& bytes) {
  return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
}

}  // namespace

void BindingRepository::insert(const BindingRow& binding) {
  connection_
      .prepare(
          "INSERT INTO bindings (id, org_id, agent_id, binding_type, name, config, guardrails, "
          "is_active, credential_sealed, credential_vault_id, credential_path, created_by, "
          "created_at, updated_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")
      .bind(1, binding.id)
      .bind(2, binding.org_id)
      .bind(3, binding.agent_id)
      .bind(4, binding.binding_type)
      .bind(5, binding.name)
      .bind(6, binding.config)
      .bind(7, binding.guardrails)
      .bind(8, binding.is_active)
      .bind(9, view(binding.credential_sealed))
      .bind(10, binding.credential_vault_id)
      .bind(11, binding.credential_path)
      .bind(12, binding.created_by)
      .bind(13, binding.created_at)
      .bind(14, binding.updated_at)
      .run();
}

std::optional<BindingRow> BindingRepository::find(const Uuid& agent_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND agent_id = ?2");
  return one(query.bind(1, id).bind(2, agent_id));
}

std::optional<BindingRow> BindingRepository::find_by_name(const Uuid& agent_id,
                                                          std::string_view name) {
  auto query = connection_.prepare(kSelect + " WHERE agent_id = ?1 AND name = ?2");
  return one(query.bind(1, agent_id).bind(2, name));
}

std::vector<BindingRow> BindingRepository::list(const Uuid& agent_id, std::int64_t limit) {
  auto query = connection_.prepare(kSelect + " WHERE agent_id = ?1 ORDER BY id LIMIT ?2");
  return all(query.bind(1, agent_id).bind(2, limit));
}

bool BindingRepository::update(const BindingRow& binding) {
  connection_
      .prepare(
          "UPDATE bindings SET config = ?3, guardrails = ?4, is_active = ?5, "
          "credential_sealed = ?6, credential_vault_id = ?7, credential_path = ?8, "
          "updated_at = ?9 WHERE id = ?1 AND agent_id = ?2")
      .bind(1, binding.id)
      .bind(2, binding.agent_id)
      .bind(3, binding.config)
      .bind(4, binding.guardrails)
      .bind(5, binding.is_active)
      .bind(6, view(binding.credential_sealed))
      .bind(7, binding.credential_vault_id)
      .bind(8, binding.credential_path)
      .bind(9, binding.updated_at)
      .run();
  return connection_.changes() == 1;
}

bool BindingRepository::remove(const Uuid& agent_id, const Uuid& id) {
  connection_.prepare("DELETE FROM bindings WHERE id = ?1 AND agent_id = ?2")
      .bind(1, id)
      .bind(2, agent_id)
      .run();
  return connection_.changes() == 1;
}

void BindingRepository::remove_for_agent(const Uuid& agent_id) {
  connection_.prepare("DELETE FROM bindings WHERE agent_id = ?1").bind(1, agent_id).run();
}

void BindingRepository::insert_execution(const ExecutionRow& execution) {
  connection_
      .prepare(
          "INSERT INTO executions (id, org_id, agent_id, binding_id, intent_type, status, "
          "request_summary, result_summary, error_message, duration_ms, redactions_applied, "
          "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
      .bind(1, execution.id)
      .bind(2, execution.org_id)
      .bind(3, execution.agent_id)
      .bind(4, execution.binding_id)
      .bind(5, execution.intent_type)
      .bind(6, execution.status)
      .bind(7, execution.request_summary)
      .bind(8, execution.result_summary)
      .bind(9, execution.error_message)
      .bind(10, execution.duration_ms)
      .bind(11, execution.redactions_applied)
      .bind(12, execution.created_at)
      .run();
}

std::vector<ExecutionRow> BindingRepository::list_executions(const Uuid& agent_id,
                                                             std::int64_t limit,
                                                             std::int64_t offset) {
  auto query = connection_.prepare(
      "SELECT id, org_id, agent_id, binding_id, intent_type, status, request_summary, "
      "result_summary, error_message, duration_ms, redactions_applied, created_at "
      "FROM executions WHERE agent_id = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3");
  query.bind(1, agent_id).bind(2, limit).bind(3, offset);
  std::vector<ExecutionRow> rows;
  while (query.step()) {
    rows.push_back({.id = query.uuid(0),
                    .org_id = query.uuid(1),
                    .agent_id = query.uuid(2),
                    .binding_id = query.uuid(3),
                    .intent_type = query.text(4),
                    .status = query.text(5),
                    .request_summary = query.text(6),
                    .result_summary = query.optional_text(7),
                    .error_message = query.optional_text(8),
                    .duration_ms = query.integer(9),
                    .redactions_applied = query.integer(10),
                    .created_at = query.time(11)});
  }
  return rows;
}

std::int64_t BindingRepository::count_executions(const Uuid& binding_id, TimePoint since) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM executions WHERE binding_id = ?1 AND created_at >= ?2");
  query.bind(1, binding_id).bind(2, since).step();
  return query.integer(0);
}

}  // namespace oneclaw::store

#include "store/policy_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, vault_id, org_id, secret_path_pattern, principal_type, principal_id, permissions, "
    "effect, priority, conditions, expires_at, extra, created_by, created_by_type, created_at, "
    "updated_at, approval FROM policies";

std::vector<PolicyRow> all(Statement& query) {
  std::vector<PolicyRow> policies;
  while (query.step()) {
    policies.push_back({.id = query.uuid(0),
                        .vault_id = query.uuid(1),
                        .org_id = query.uuid(2),
                        .secret_path_pattern = query.text(3),
                        .principal_type = query.text(4),
                        .principal_id = query.uuid(5),
                        .permissions = query.integer(6),
                        .effect = query.text(7),
                        .priority = query.integer(8),
                        .conditions = query.text(9),
                        .expires_at = query.optional_time(10),
                        .extra = query.text(11),
                        .approval = query.optional_text(16),
                        .created_by = query.uuid(12),
                        .created_by_type = query.text(13),
                        .created_at = query.time(14),
                        .updated_at = query.time(15)});
  }
  return policies;
}

}  // namespace

void PolicyRepository::insert(const PolicyRow& policy) {
  connection_
      .prepare(
          "INSERT INTO policies (id, vault_id, org_id, secret_path_pattern, principal_type, "
          "principal_id, permissions, effect, priority, conditions, expires_at, extra, "
          "created_by, created_by_type, created_at, updated_at, approval) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)")
      .bind(1, policy.id)
      .bind(2, policy.vault_id)
      .bind(3, policy.org_id)
      .bind(4, policy.secret_path_pattern)
      .bind(5, policy.principal_type)
      .bind(6, policy.principal_id)
      .bind(7, policy.permissions)
      .bind(8, policy.effect)
      .bind(9, policy.priority)
      .bind(10, policy.conditions)
      .bind(11, policy.expires_at)
      .bind(12, policy.extra)
      .bind(13, policy.created_by)
      .bind(14, policy.created_by_type)
      .bind(15, policy.created_at)
      .bind(16, policy.updated_at)
      .bind(17, policy.approval)
      .run();
  transaction_.touch(Topic::kPolicy, policy.principal_id);
}

std::optional<PolicyRow> PolicyRepository::find_in_org(const Uuid& org_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND org_id = ?2");
  auto policies = all(query.bind(1, id).bind(2, org_id));
  if (policies.empty()) return std::nullopt;
  return std::move(policies.front());
}

std::optional<PolicyRow> PolicyRepository::find(const Uuid& vault_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND vault_id = ?2");
  auto policies = all(query.bind(1, id).bind(2, vault_id));
  if (policies.empty()) return std::nullopt;
  return std::move(policies.front());
}

std::vector<PolicyRow> PolicyRepository::list(const Uuid& vault_id, std::optional<Uuid> after,
                                              std::int64_t limit) {
  auto query =
      connection_.prepare(kSelect + " WHERE vault_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
  return all(query.bind(1, vault_id).bind(2, after_or_start(after)).bind(3, limit));
}

std::vector<PolicyRow> PolicyRepository::for_principal(const Uuid& vault_id,
                                                       std::string_view principal_type,
                                                       const Uuid& principal_id) {
  auto query = connection_.prepare(
      kSelect + " WHERE principal_id = ?1 AND vault_id = ?2 AND principal_type = ?3");
  return all(query.bind(1, principal_id).bind(2, vault_id).bind(3, principal_type));
}

std::vector<Uuid> PolicyRepository::vaults_for_principal(const Uuid& org_id,
                                                         std::string_view principal_type,
                                                         const Uuid& principal_id) {
  auto query = connection_.prepare(
      "SELECT DISTINCT vault_id FROM policies "
      "WHERE principal_id = ?1 AND principal_type = ?2 AND org_id = ?3 ORDER BY vault_id");
  query.bind(1, principal_id).bind(2, principal_type).bind(3, org_id);
  std::vector<Uuid> vaults;
  while (query.step()) vaults.push_back(query.uuid(0));
  return vaults;
}

bool PolicyRepository::update(const PolicyRow& policy) {
  auto update = connection_.prepare(
      "UPDATE policies SET secret_path_pattern = ?3, permissions = ?4, effect = ?5, "
      "priority = ?6, conditions = ?7, expires_at = ?8, extra = ?9, updated_at = ?10, "
      "approval = ?11 "
      "WHERE id = ?1 AND vault_id = ?2 RETURNING principal_id");
  update.bind(1, policy.id)
      .bind(2, policy.vault_id)
      .bind(3, policy.secret_path_pattern)
      .bind(4, policy.permissions)
      .bind(5, policy.effect)
      .bind(6, policy.priority)
      .bind(7, policy.conditions)
      .bind(8, policy.expires_at)
      .bind(9, policy.extra)
      .bind(10, policy.updated_at)
      .bind(11, policy.approval);
  return touch_principal(update);
}

bool PolicyRepository::remove(const Uuid& vault_id, const Uuid& id) {
  auto removal = connection_.prepare(
      "DELETE FROM policies WHERE id = ?1 AND vault_id = ?2 RETURNING principal_id");
  removal.bind(1, id).bind(2, vault_id);
  return touch_principal(removal);
}

bool PolicyRepository::touch_principal(Statement& changed) {
  if (!changed.step()) return false;
  transaction_.touch(Topic::kPolicy, changed.uuid(0));
  return true;
}

std::int64_t PolicyRepository::remove_for_principal(std::string_view principal_type,
                                                    const Uuid& principal_id) {
  connection_.prepare("DELETE FROM policies WHERE principal_id = ?1 AND principal_type = ?2")
      .bind(1, principal_id)
      .bind(2, principal_type)
      .run();
  transaction_.touch(Topic::kPolicy, principal_id);
  return connection_.changes();
}

}  // namespace oneclaw::store

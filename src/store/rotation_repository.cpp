#include "store/rotation_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelectPolicy =
    "SELECT p.secret_id, p.org_id, p.vault_id, p.interval_seconds, p.length, p.charset, "
    "p.created_by, p.next_rotation_at FROM rotation_policies p";

const std::string kSelectJob =
    "SELECT id, vault_id, old_fingerprint, new_fingerprint, status, total, processed, skipped, "
    "error, created_by, created_at, started_at, completed_at FROM cmek_rotations "
    "WHERE vault_id = ?1";

std::vector<RotationPolicyRow> all(Statement& query) {
  std::vector<RotationPolicyRow> policies;
  while (query.step()) {
    policies.push_back({.secret_id = query.uuid(0),
                        .org_id = query.uuid(1),
                        .vault_id = query.uuid(2),
                        .interval_seconds = query.integer(3),
                        .length = query.integer(4),
                        .charset = query.text(5),
                        .created_by = query.uuid(6),
                        .next_rotation_at = query.time(7)});
  }
  return policies;
}

std::optional<CmekRotationRow> one(Statement& query) {
  if (!query.step()) return std::nullopt;
  return CmekRotationRow{.id = query.uuid(0),
                         .vault_id = query.uuid(1),
                         .old_fingerprint = query.text(2),
                         .new_fingerprint = query.text(3),
                         .status = query.text(4),
                         .total = query.integer(5),
                         .processed = query.integer(6),
                         .skipped = query.integer(7),
                         .error = query.optional_text(8),
                         .created_by = query.uuid(9),
                         .created_at = query.time(10),
                         .started_at = query.optional_time(11),
                         .completed_at = query.optional_time(12)};
}

}  // namespace

void RotationRepository::put(const RotationPolicyRow& policy) {
  connection_
      .prepare(
          "INSERT INTO rotation_policies (secret_id, org_id, vault_id, interval_seconds, length, "
          "charset, created_by, next_rotation_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
          "ON CONFLICT (secret_id) DO UPDATE SET interval_seconds = excluded.interval_seconds, "
          "length = excluded.length, charset = excluded.charset, "
          "created_by = excluded.created_by, next_rotation_at = excluded.next_rotation_at")
      .bind(1, policy.secret_id)
      .bind(2, policy.org_id)
      .bind(3, policy.vault_id)
      .bind(4, policy.interval_seconds)
      .bind(5, policy.length)
      .bind(6, policy.charset)
      .bind(7, policy.created_by)
      .bind(8, policy.next_rotation_at)
      .run();
}

std::optional<RotationPolicyRow> RotationRepository::find(const Uuid& secret_id) {
  auto query = connection_.prepare(kSelectPolicy + " WHERE p.secret_id = ?1");
  auto policies = all(query.bind(1, secret_id));
  if (policies.empty()) return std::nullopt;
  return std::move(policies.front());
}

void RotationRepository::set_next(const Uuid& secret_id, TimePoint at) {
  connection_.prepare("UPDATE rotation_policies SET next_rotation_at = ?2 WHERE secret_id = ?1")
      .bind(1, secret_id)
      .bind(2, at)
      .run();
}

bool RotationRepository::remove(const Uuid& secret_id) {
  connection_.prepare("DELETE FROM rotation_policies WHERE secret_id = ?1")
      .bind(1, secret_id)
      .run();
  return connection_.changes() == 1;
}

bool RotationRepository::any_in_vault(const Uuid& vault_id) {
  auto query = connection_.prepare("SELECT 1 FROM rotation_policies WHERE vault_id = ?1 LIMIT 1");
  return query.bind(1, vault_id).step();
}

std::vector<RotationPolicyRow> RotationRepository::due(TimePoint at, std::int64_t limit) {
  auto query = connection_.prepare(kSelectPolicy +
                                   " JOIN vaults v ON v.id = p.vault_id "
                                   "WHERE p.next_rotation_at <= ?1 AND v.deleted_at IS NULL "
                                   "ORDER BY p.next_rotation_at LIMIT ?2");
  return all(query.bind(1, at).bind(2, limit));
}

void CmekRotationRepository::insert(const CmekRotationRow& job) {
  connection_
      .prepare(
          "INSERT INTO cmek_rotations (id, vault_id, old_fingerprint, new_fingerprint, status, "
          "total, processed, skipped, created_by, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
      .bind(1, job.id)
      .bind(2, job.vault_id)
      .bind(3, job.old_fingerprint)
      .bind(4, job.new_fingerprint)
      .bind(5, job.status)
      .bind(6, job.total)
      .bind(7, job.processed)
      .bind(8, job.skipped)
      .bind(9, job.created_by)
      .bind(10, job.created_at)
      .run();
}

std::optional<CmekRotationRow> CmekRotationRepository::find(const Uuid& vault_id, const Uuid& id) {
  auto query = connection_.prepare(kSelectJob + " AND id = ?2");
  return one(query.bind(1, vault_id).bind(2, id));
}

std::optional<CmekRotationRow> CmekRotationRepository::open(const Uuid& vault_id) {
  auto query = connection_.prepare(kSelectJob + " AND status IN ('pending', 'running')");
  return one(query.bind(1, vault_id));
}

void CmekRotationRepository::update(const CmekRotationRow& job) {
  connection_
      .prepare(
          "UPDATE cmek_rotations SET status = ?2, processed = ?3, skipped = ?4, error = ?5, "
          "started_at = ?6, completed_at = ?7 WHERE id = ?1")
      .bind(1, job.id)
      .bind(2, job.status)
      .bind(3, job.processed)
      .bind(4, job.skipped)
      .bind(5, job.error)
      .bind(6, job.started_at)
      .bind(7, job.completed_at)
      .run();
}

}  // namespace oneclaw::store

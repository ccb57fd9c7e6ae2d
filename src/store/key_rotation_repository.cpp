#include "store/key_rotation_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, kind, org_id, vault_id, target, total, done, failed, cursor_id, cursor_path, "
    "cursor_version, started_at, finished_at, cleaned_at FROM key_rotations ";

std::vector<KeyRotationRow> all(Statement& query) {
  std::vector<KeyRotationRow> rotations;
  while (query.step()) {
    rotations.push_back({.id = query.uuid(0),
                         .kind = query.text(1),
                         .org_id = query.optional_uuid(2),
                         .vault_id = query.optional_uuid(3),
                         .target = query.text(4),
                         .total = query.integer(5),
                         .done = query.integer(6),
                         .failed = query.integer(7),
                         .cursor_id = query.uuid(8),
                         .cursor_path = query.text(9),
                         .cursor_version = query.integer(10),
                         .started_at = query.time(11),
                         .finished_at = query.optional_time(12),
                         .cleaned_at = query.optional_time(13)});
  }
  return rotations;
}

std::optional<KeyRotationRow> one(Statement& query) {
  auto rotations = all(query);
  if (rotations.empty()) return std::nullopt;
  return std::move(rotations.front());
}

std::vector<DekRow> dek_rows(Statement& query) {
  std::vector<DekRow> rows;
  while (query.step()) {
    rows.push_back({.id = query.uuid(0),
                    .path = query.text(1),
                    .version = query.integer(2),
                    .kek_version = query.integer(3),
                    .wrapped_dek = query.blob(4)});
  }
  return rows;
}

std::int64_t count(Statement& query) {
  query.step();
  return query.integer(0);
}

}  // namespace

void KeyRotationRepository::insert(const KeyRotationRow& rotation) {
  connection_
      .prepare(
          "INSERT INTO key_rotations (id, kind, org_id, vault_id, target, total, done, failed, "
          "cursor_id, cursor_path, cursor_version, started_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
      .bind(1, rotation.id)
      .bind(2, rotation.kind)
      .bind(3, rotation.org_id)
      .bind(4, rotation.vault_id)
      .bind(5, rotation.target)
      .bind(6, rotation.total)
      .bind(7, rotation.done)
      .bind(8, rotation.failed)
      .bind(9, rotation.cursor_id)
      .bind(10, rotation.cursor_path)
      .bind(11, rotation.cursor_version)
      .bind(12, rotation.started_at)
      .run();
}

void KeyRotationRepository::update(const KeyRotationRow& rotation) {
  connection_
      .prepare(
          "UPDATE key_rotations SET done = ?2, failed = ?3, cursor_id = ?4, cursor_path = ?5, "
          "cursor_version = ?6, finished_at = ?7, cleaned_at = ?8 WHERE id = ?1")
      .bind(1, rotation.id)
      .bind(2, rotation.done)
      .bind(3, rotation.failed)
      .bind(4, rotation.cursor_id)
      .bind(5, rotation.cursor_path)
      .bind(6, rotation.cursor_version)
      .bind(7, rotation.finished_at)
      .bind(8, rotation.cleaned_at)
      .run();
}

std::optional<KeyRotationRow> KeyRotationRepository::unfinished() {
  auto query =
      connection_.prepare(kSelect + "WHERE finished_at IS NULL ORDER BY started_at, id LIMIT 1");
  return one(query);
}

std::optional<KeyRotationRow> KeyRotationRepository::unfinished_for_vault(const Uuid& vault_id) {
  auto query = connection_.prepare(kSelect + "WHERE finished_at IS NULL AND vault_id = ?1 LIMIT 1");
  return one(query.bind(1, vault_id));
}

std::vector<KeyRotationRow> KeyRotationRepository::list(std::int64_t limit) {
  auto query = connection_.prepare(kSelect + "ORDER BY started_at DESC, id DESC LIMIT ?1");
  return all(query.bind(1, limit));
}

std::vector<KeyRotationRow> KeyRotationRepository::to_clean(TimePoint before) {
  auto query = connection_.prepare(
      kSelect + "WHERE finished_at < ?1 AND cleaned_at IS NULL ORDER BY started_at LIMIT 100");
  return all(query.bind(1, before));
}

std::optional<Uuid> KeyRotationRepository::org_of(const Uuid& vault_id) {
  auto query = connection_.prepare("SELECT org_id FROM vaults WHERE id = ?1");
  query.bind(1, vault_id);
  if (!query.step()) return std::nullopt;
  return query.uuid(0);
}

std::int64_t KeyRotationRepository::count_deks(const Uuid& vault_id,
                                               std::int64_t below_kek_version) {
  auto query = connection_.prepare(
      "SELECT (SELECT COUNT(*) FROM secrets s JOIN secret_versions v ON v.secret_id = s.id "
      "WHERE s.vault_id = ?1 AND v.kek_version < ?2) "
      "+ (SELECT COUNT(*) FROM env_vars WHERE vault_id = ?1 AND kek_version < ?2)");
  return count(query.bind(1, vault_id).bind(2, below_kek_version));
}

std::vector<DekRow> KeyRotationRepository::deks(const KeyRotationRow& rotation,
                                                std::int64_t below_kek_version,
                                                std::int64_t limit) {
  auto query = connection_.prepare(
      "SELECT s.id, s.path, v.version, v.kek_version, v.wrapped_dek "
      "FROM secrets s JOIN secret_versions v ON v.secret_id = s.id "
      "WHERE s.vault_id = ?1 AND s.path >= ?2 AND (s.path > ?2 OR v.version > ?3) "
      "AND v.kek_version < ?4 ORDER BY s.path, v.version LIMIT ?5");
  query.bind(1, *rotation.vault_id)
      .bind(2, rotation.cursor_path)
      .bind(3, rotation.cursor_version)
      .bind(4, below_kek_version)
      .bind(5, limit);
  return dek_rows(query);
}

std::vector<DekRow> KeyRotationRepository::env_var_deks(const KeyRotationRow& rotation,
                                                        std::int64_t below_kek_version,
                                                        std::int64_t limit) {
  auto query = connection_.prepare(
      "SELECT id, key, version, kek_version, wrapped_dek FROM env_vars "
      "WHERE vault_id = ?1 AND id > ?2 AND kek_version < ?3 ORDER BY id LIMIT ?4");
  query.bind(1, *rotation.vault_id)
      .bind(2, rotation.cursor_id)
      .bind(3, below_kek_version)
      .bind(4, limit);
  return dek_rows(query);
}

std::int64_t KeyRotationRepository::count_keks(std::string_view root_key_id_not) {
  auto query = connection_.prepare("SELECT COUNT(*) FROM vault_keks WHERE root_key_id <> ?1");
  return count(query.bind(1, root_key_id_not));
}

std::int64_t KeyRotationRepository::count_wrapped_by(std::string_view root_key_id) {
  auto query = connection_.prepare(
      "SELECT (SELECT COUNT(*) FROM vault_keks WHERE root_key_id = ?1) "
      "+ (SELECT COUNT(*) FROM signing_keys WHERE root_key_id = ?1) "
      "+ (SELECT COUNT(*) FROM server_keys WHERE root_key_id = ?1)");
  return count(query.bind(1, root_key_id));
}

std::vector<KekRow> KeyRotationRepository::keks(const KeyRotationRow& rotation,
                                                std::int64_t limit) {
  auto query = connection_.prepare(
      "SELECT v.org_id, k.vault_id, k.version, k.root_key_id, k.wrapped "
      "FROM vault_keks k JOIN vaults v ON v.id = k.vault_id "
      "WHERE k.vault_id >= ?1 AND (k.vault_id > ?1 OR k.version > ?2) AND k.root_key_id <> ?3 "
      "ORDER BY k.vault_id, k.version LIMIT ?4");
  query.bind(1, rotation.cursor_id)
      .bind(2, rotation.cursor_version)
      .bind(3, rotation.target)
      .bind(4, limit);
  std::vector<KekRow> rows;
  while (query.step()) {
    rows.push_back({.org_id = query.uuid(0),
                    .vault_id = query.uuid(1),
                    .version = query.integer(2),
                    .root_key_id = query.text(3),
                    .wrapped = query.blob(4)});
  }
  return rows;
}

bool KeyRotationRepository::rewrap_kek(const KekRow& kek, std::string_view from) {
  connection_
      .prepare(
          "UPDATE vault_keks SET root_key_id = ?3, wrapped = ?4 "
          "WHERE vault_id = ?1 AND version = ?2 AND root_key_id = ?5")
      .bind(1, kek.vault_id)
      .bind(2, kek.version)
      .bind(3, kek.root_key_id)
      .bind(4, kek.wrapped)
      .bind(5, from)
      .run();
  transaction_.touch(Topic::kVault, kek.vault_id);
  return connection_.changes() == 1;
}

void KeyRotationRepository::remove_unused_keks(const Uuid& vault_id, std::int64_t below_version) {
  connection_
      .prepare(
          "DELETE FROM vault_keks WHERE vault_id = ?1 AND version < ?2 AND NOT EXISTS ("
          "SELECT 1 FROM secrets s JOIN secret_versions v ON v.secret_id = s.id "
          "WHERE s.vault_id = ?1 AND v.kek_version = vault_keks.version) AND NOT EXISTS ("
          "SELECT 1 FROM env_vars e "
          "WHERE e.vault_id = ?1 AND e.kek_version = vault_keks.version)")
      .bind(1, vault_id)
      .bind(2, below_version)
      .run();
  transaction_.touch(Topic::kVault, vault_id);
}

}  // namespace oneclaw::store

#include "store/secret_repository.h"

#include "store/path_range.h"

namespace oneclaw::store {

namespace {

const std::string kMetadata =
    "v.secret_id, v.version, v.type, v.metadata, v.created_by, v.created_by_type, v.created_at, "
    "v.expires_at, v.max_access_count, v.access_count, v.is_disabled, v.kek_version";

const std::string kSecret =
    "s.id, s.vault_id, s.path, s.current_version, s.created_at, s.updated_at, s.deleted_at";
constexpr int kSecretColumns = 7;

SecretRow secret_row(Statement& query) {
  return {.id = query.uuid(0),
          .vault_id = query.uuid(1),
          .path = query.text(2),
          .current_version = query.integer(3),
          .created_at = query.time(4),
          .updated_at = query.time(5),
          .deleted_at = query.optional_time(6)};
}

VersionRow version_row(Statement& query, int first) {
  return {.secret_id = query.uuid(first),
          .version = query.integer(first + 1),
          .type = query.text(first + 2),
          .metadata = query.text(first + 3),
          .created_by = query.uuid(first + 4),
          .created_by_type = query.text(first + 5),
          .created_at = query.time(first + 6),
          .expires_at = query.optional_time(first + 7),
          .max_access_count = query.optional_integer(first + 8),
          .access_count = query.integer(first + 9),
          .is_disabled = query.boolean(first + 10),
          .kek_version = query.integer(first + 11),
          .wrapped_dek = {},
          .ciphertext = {}};
}

}  // namespace

std::optional<SecretRow> SecretRepository::find(const Uuid& vault_id, std::string_view path) {
  auto query = connection_.prepare("SELECT " + kSecret +
                                   " FROM secrets s WHERE s.vault_id = ?1 AND s.path = ?2");
  query.bind(1, vault_id).bind(2, path);
  if (!query.step()) return std::nullopt;
  return secret_row(query);
}

void SecretRepository::insert(const SecretRow& secret) {
  connection_
      .prepare(
          "INSERT INTO secrets (id, vault_id, path, current_version, created_at, updated_at, "
          "deleted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .bind(1, secret.id)
      .bind(2, secret.vault_id)
      .bind(3, secret.path)
      .bind(4, secret.current_version)
      .bind(5, secret.created_at)
      .bind(6, secret.updated_at)
      .bind(7, secret.deleted_at)
      .run();
}

void SecretRepository::advance(const Uuid& secret_id, std::int64_t version, TimePoint at) {
  connection_
      .prepare(
          "UPDATE secrets SET current_version = ?2, updated_at = ?3, deleted_at = NULL "
          "WHERE id = ?1")
      .bind(1, secret_id)
      .bind(2, version)
      .bind(3, at)
      .run();
}

bool SecretRepository::remove(const Uuid& secret_id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE secrets SET deleted_at = ?2, updated_at = ?2 "
          "WHERE id = ?1 AND deleted_at IS NULL")
      .bind(1, secret_id)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

std::vector<ListedSecret> SecretRepository::list(const Uuid& vault_id, std::string_view prefix,
                                                 std::string_view after_path, std::int64_t limit) {
  // One lower and one upper bound, so that the index on (vault_id, path) gives the rows in order.
  const bool goes_on = after_path >= prefix && !after_path.empty();
  const std::optional<std::string> end = after_prefix(prefix);
  std::string sql = "SELECT " + kSecret + ", " + kMetadata +
                    " FROM secrets s JOIN secret_versions v "
                    "ON v.secret_id = s.id AND v.version = s.current_version "
                    "WHERE s.vault_id = ?1 AND s.deleted_at IS NULL";
  sql += goes_on ? " AND s.path > ?2" : " AND s.path >= ?2";
  if (end) sql += " AND s.path < ?4";
  sql += " ORDER BY s.path LIMIT ?3";
  auto query = connection_.prepare(sql);
  query.bind(1, vault_id).bind(2, goes_on ? after_path : prefix).bind(3, limit);
  if (end) query.bind(4, *end);
  std::vector<ListedSecret> secrets;
  while (query.step()) {
    secrets.push_back({secret_row(query), version_row(query, kSecretColumns)});
  }
  return secrets;
}

void SecretRepository::insert_version(const VersionRow& version) {
  connection_
      .prepare(
          "INSERT INTO secret_versions (secret_id, version, type, metadata, created_by, "
          "created_by_type, created_at, expires_at, max_access_count, access_count, is_disabled, "
          "kek_version, wrapped_dek, ciphertext) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")
      .bind(1, version.secret_id)
      .bind(2, version.version)
      .bind(3, version.type)
      .bind(4, version.metadata)
      .bind(5, version.created_by)
      .bind(6, version.created_by_type)
      .bind(7, version.created_at)
      .bind(8, version.expires_at)
      .bind(9, version.max_access_count)
      .bind(10, version.access_count)
      .bind(11, version.is_disabled)
      .bind(12, version.kek_version)
      .bind(13, version.wrapped_dek)
      .bind(14, version.ciphertext)
      .run();
}

std::optional<VersionRow> SecretRepository::find_version(const Uuid& secret_id,
                                                         std::int64_t version) {
  auto query = connection_.prepare("SELECT " + kMetadata +
                                   ", v.wrapped_dek, v.ciphertext FROM secret_versions v "
                                   "WHERE v.secret_id = ?1 AND v.version = ?2");
  query.bind(1, secret_id).bind(2, version);
  if (!query.step()) return std::nullopt;
  VersionRow row = version_row(query, 0);
  row.wrapped_dek = query.blob(12);
  row.ciphertext = query.blob(13);
  return row;
}

std::vector<VersionRow> SecretRepository::list_versions(const Uuid& secret_id, std::int64_t limit,
                                                        std::optional<std::int64_t> before) {
  auto query = connection_.prepare("SELECT " + kMetadata +
                                   " FROM secret_versions v WHERE v.secret_id = ?1 "
                                   "AND v.version < ?2 ORDER BY v.version DESC LIMIT ?3");
  query.bind(1, secret_id).bind(2, before.value_or(kNoLimit)).bind(3, limit);
  std::vector<VersionRow> versions;
  while (query.step()) versions.push_back(version_row(query, 0));
  return versions;
}

bool SecretRepository::count_access(const Uuid& secret_id, std::int64_t version) {
  connection_
      .prepare(
          "UPDATE secret_versions SET access_count = access_count + 1 "
          "WHERE secret_id = ?1 AND version = ?2 "
          "AND (max_access_count IS NULL OR access_count < max_access_count)")
      .bind(1, secret_id)
      .bind(2, version)
      .run();
  return connection_.changes() == 1;
}

}  // namespace oneclaw::store

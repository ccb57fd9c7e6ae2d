#include "store/secret_repository.h"

#include "store/path_range.h"
#include "store/row_seal.h"
#include "store/secret_witness.h"

namespace oneclaw::store {

namespace {

const std::string kMetadata =
    "v.secret_id, v.version, v.type, v.metadata, v.created_by, v.created_by_type, v.created_at, "
    "v.expires_at, v.max_access_count, v.access_count, v.is_disabled, v.kek_version, v.mac, "
    "v.cmek_fingerprint";
constexpr int kMetadataColumns = 14;

// The last column shows a pointer that was set back to an older version together with its seal.
const std::string kSecret =
    "s.id, s.vault_id, s.path, s.current_version, s.created_at, s.updated_at, s.deleted_at, s.mac, "
    "(SELECT MAX(n.version) FROM secret_versions n WHERE n.secret_id = s.id)";
constexpr int kSecretColumns = 9;

ByteView sealed_text(const SecretRow& row) {
  thread_local Bytes out;
  std::optional<std::int64_t> deleted_at;
  if (row.deleted_at) deleted_at = to_micros(*row.deleted_at);
  CanonicalWriter(out, "oneclaw/row/secret/1")
      .id(row.id)
      .id(row.vault_id)
      .text(row.path)
      .number(row.current_version)
      .number(to_micros(row.created_at))
      .number(to_micros(row.updated_at))
      .number(deleted_at);
  return out;
}

// The wrapped DEK and the ciphertext are bound by AES-GCM to all but what changes while a version
// lives; see crypto/envelope.h.
ByteView sealed_text(const VersionRow& row) {
  thread_local Bytes out;
  std::optional<std::int64_t> expires_at;
  if (row.expires_at) expires_at = to_micros(*row.expires_at);
  CanonicalWriter writer(out, "oneclaw/row/version/1");
  writer.id(row.secret_id)
      .number(row.version)
      .text(row.type)
      .text(row.metadata)
      .id(row.created_by)
      .text(row.created_by_type)
      .number(to_micros(row.created_at))
      .number(expires_at)
      .number(row.max_access_count)
      .number(row.access_count)
      .number(row.is_disabled ? 1 : 0)
      .number(row.kek_version);
  if (row.cmek_fingerprint) writer.text(*row.cmek_fingerprint);
  return out;
}

SecretRow secret_row(const Connection& connection, Statement& query) {
  SecretRow row{.id = query.uuid(0),
                .vault_id = query.uuid(1),
                .path = query.text(2),
                .current_version = query.integer(3),
                .created_at = query.time(4),
                .updated_at = query.time(5),
                .deleted_at = query.optional_time(6)};
  check_row(connection, sealed_text(row), query.view(7), "secrets");
  if (connection.row_seal() != nullptr && query.integer(8) != row.current_version) {
    throw Error(Error::Kind::kTampered, "a secret's current version isn't its newest");
  }
  return row;
}

VersionRow unchecked_version_row(Statement& query, int first) {
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
          .cmek_fingerprint = query.optional_text(first + 13),
          .kek_version = query.integer(first + 11),
          .wrapped_dek = {},
          .ciphertext = {}};
}

VersionRow version_row(const Connection& connection, Statement& query, int first) {
  VersionRow row = unchecked_version_row(query, first);
  check_row(connection, sealed_text(row), query.view(first + 12), "secret_versions");
  return row;
}

}  // namespace

std::optional<SecretRow> SecretRepository::find(const Uuid& vault_id, std::string_view path) {
  auto query = connection_.prepare("SELECT " + kSecret +
                                   " FROM secrets s WHERE s.vault_id = ?1 AND s.path = ?2");
  query.bind(1, vault_id).bind(2, path);
  return witnessed(query);
}

void SecretRepository::insert(const SecretRow& secret) {
  connection_
      .prepare(
          "INSERT INTO secrets (id, vault_id, path, current_version, created_at, updated_at, "
          "deleted_at, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, secret.id)
      .bind(2, secret.vault_id)
      .bind(3, secret.path)
      .bind(4, secret.current_version)
      .bind(5, secret.created_at)
      .bind(6, secret.updated_at)
      .bind(7, secret.deleted_at)
      .bind(8, seal_row(connection_, sealed_text(secret)))
      .run();
}

std::optional<SecretRow> SecretRepository::find_by_id(const Uuid& secret_id) {
  auto query = connection_.prepare("SELECT " + kSecret + " FROM secrets s WHERE s.id = ?1");
  query.bind(1, secret_id);
  return witnessed(query);
}

std::optional<SecretRow> SecretRepository::witnessed(Statement& query) {
  if (!query.step()) return std::nullopt;
  SecretRow row = secret_row(connection_, query);
  SecretWitness(connection_).check(row);
  return row;
}

void SecretRepository::update(const SecretRow& secret) {
  connection_
      .prepare(
          "UPDATE secrets SET current_version = ?2, updated_at = ?3, deleted_at = ?4, mac = ?5 "
          "WHERE id = ?1")
      .bind(1, secret.id)
      .bind(2, secret.current_version)
      .bind(3, secret.updated_at)
      .bind(4, secret.deleted_at)
      .bind(5, seal_row(connection_, sealed_text(secret)))
      .run();
  transaction_.touch(Topic::kSecret, secret.id);
}

void SecretRepository::advance(SecretRow secret, std::int64_t version, TimePoint at) {
  secret.current_version = version;
  secret.updated_at = at;
  secret.deleted_at = std::nullopt;
  update(secret);
}

bool SecretRepository::remove(const Uuid& secret_id, TimePoint at) {
  auto secret = find_by_id(secret_id);
  if (!secret || secret->deleted_at) return false;
  secret->deleted_at = secret->updated_at = at;
  update(*secret);
  return true;
}

std::vector<ListedSecret> SecretRepository::list(const Uuid& vault_id, std::string_view prefix,
                                                 std::string_view after_path, std::int64_t limit) {
  // One lower and one upper bound, so that the index on (vault_id, path) gives the rows in order.
  const bool goes_on = after_path >= prefix && !after_path.empty();
  const std::optional<std::string> end = after_prefix(prefix);
  std::string sql = "SELECT " + kSecret + ", " + kMetadata +
                    " FROM secrets s LEFT JOIN secret_versions v "
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
    SecretRow secret = secret_row(connection_, query);
    if (query.is_null(kSecretColumns)) {
      throw Error(Error::Kind::kTampered, "a secret's current version is missing");
    }
    secrets.push_back({std::move(secret), version_row(connection_, query, kSecretColumns)});
  }
  return secrets;
}

void SecretRepository::insert_version(const VersionRow& version) {
  connection_
      .prepare(
          "INSERT INTO secret_versions (secret_id, version, type, metadata, created_by, "
          "created_by_type, created_at, expires_at, max_access_count, access_count, is_disabled, "
          "kek_version, wrapped_dek, ciphertext, mac, cmek_fingerprint) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")
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
      .bind(15, seal_row(connection_, sealed_text(version)))
      .bind(16, version.cmek_fingerprint)
      .run();
}

std::optional<VersionRow> SecretRepository::find_version(const Uuid& secret_id,
                                                         std::int64_t version) {
  auto query = connection_.prepare("SELECT " + kMetadata +
                                   ", v.wrapped_dek, v.ciphertext FROM secret_versions v "
                                   "WHERE v.secret_id = ?1 AND v.version = ?2");
  query.bind(1, secret_id).bind(2, version);
  if (!query.step()) return std::nullopt;
  VersionRow row = version_row(connection_, query, 0);
  row.wrapped_dek = query.blob(kMetadataColumns);
  row.ciphertext = query.blob(kMetadataColumns + 1);
  SecretWitness(connection_).check(row);
  return row;
}

std::vector<VersionRow> SecretRepository::list_versions(const Uuid& secret_id, std::int64_t limit,
                                                        std::optional<std::int64_t> before) {
  auto query = connection_.prepare("SELECT " + kMetadata +
                                   " FROM secret_versions v WHERE v.secret_id = ?1 "
                                   "AND v.version < ?2 ORDER BY v.version DESC LIMIT ?3");
  query.bind(1, secret_id).bind(2, before.value_or(kNoLimit)).bind(3, limit);
  std::vector<VersionRow> versions;
  while (query.step()) versions.push_back(version_row(connection_, query, 0));
  return versions;
}

std::optional<VersionRow> SecretRepository::version_metadata(const Uuid& secret_id,
                                                             std::int64_t version) {
  auto query = connection_.prepare("SELECT " + kMetadata +
                                   " FROM secret_versions v "
                                   "WHERE v.secret_id = ?1 AND v.version = ?2");
  query.bind(1, secret_id).bind(2, version);
  if (!query.step()) return std::nullopt;
  return version_row(connection_, query, 0);
}

std::optional<std::int64_t> SecretRepository::count_access(const Uuid& secret_id,
                                                           std::int64_t version) {
  auto row = version_metadata(secret_id, version);
  if (!row) return std::nullopt;
  SecretWitness(connection_).check(*row);
  if (row->max_access_count && row->access_count >= *row->max_access_count) return std::nullopt;
  ++row->access_count;
  update(*row);
  return row->access_count;
}

void SecretRepository::update(const VersionRow& version) {
  connection_
      .prepare(
          "UPDATE secret_versions SET access_count = ?3, is_disabled = ?4, mac = ?5 "
          "WHERE secret_id = ?1 AND version = ?2")
      .bind(1, version.secret_id)
      .bind(2, version.version)
      .bind(3, version.access_count)
      .bind(4, version.is_disabled)
      .bind(5, seal_row(connection_, sealed_text(version)))
      .run();
  transaction_.touch(Topic::kSecret, version.secret_id);
}

bool SecretRepository::disable_version(const Uuid& secret_id, std::int64_t version) {
  auto row = version_metadata(secret_id, version);
  if (!row || row->is_disabled) return false;
  row->is_disabled = true;
  update(*row);
  return true;
}

std::vector<CmekVersion> SecretRepository::cmek_versions(const Uuid& vault_id,
                                                         std::string_view fingerprint,
                                                         const std::optional<CmekVersionId>& after,
                                                         std::int64_t limit) {
  const CmekVersionId start = after.value_or(CmekVersionId{});
  auto query =
      connection_.prepare("SELECT " + kMetadata +
                          ", v.wrapped_dek, v.ciphertext, s.path FROM secrets s "
                          "JOIN secret_versions v ON v.secret_id = s.id "
                          "WHERE s.vault_id = ?1 AND v.cmek_fingerprint = ?2 "
                          "AND (v.secret_id > ?3 OR (v.secret_id = ?3 AND v.version > ?4)) "
                          "ORDER BY v.secret_id, v.version LIMIT ?5");
  query.bind(1, vault_id)
      .bind(2, fingerprint)
      .bind(3, start.secret_id)
      .bind(4, start.version)
      .bind(5, limit);
  std::vector<CmekVersion> versions;
  while (query.step()) {
    VersionRow row = version_row(connection_, query, 0);
    row.wrapped_dek = query.blob(kMetadataColumns);
    row.ciphertext = query.blob(kMetadataColumns + 1);
    versions.push_back({query.text(kMetadataColumns + 2), std::move(row)});
  }
  return versions;
}

std::int64_t SecretRepository::count_cmek_versions(const Uuid& vault_id,
                                                   std::string_view fingerprint) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM secrets s JOIN secret_versions v ON v.secret_id = s.id "
      "WHERE s.vault_id = ?1 AND v.cmek_fingerprint = ?2");
  query.bind(1, vault_id).bind(2, fingerprint).step();
  return query.integer(0);
}

bool SecretRepository::replace_cmek_version(const VersionRow& version,
                                            std::string_view old_fingerprint) {
  auto row = version_metadata(version.secret_id, version.version);
  if (!row || row->cmek_fingerprint != old_fingerprint) return false;
  row->cmek_fingerprint = version.cmek_fingerprint;
  row->kek_version = version.kek_version;
  connection_
      .prepare(
          "UPDATE secret_versions SET cmek_fingerprint = ?3, kek_version = ?4, wrapped_dek = ?5, "
          "ciphertext = ?6, mac = ?7 WHERE secret_id = ?1 AND version = ?2")
      .bind(1, version.secret_id)
      .bind(2, version.version)
      .bind(3, row->cmek_fingerprint)
      .bind(4, row->kek_version)
      .bind(5, version.wrapped_dek)
      .bind(6, version.ciphertext)
      .bind(7, seal_row(connection_, sealed_text(*row)))
      .run();
  transaction_.touch(Topic::kSecret, version.secret_id);
  return true;
}

bool SecretRepository::rewrap(const Uuid& secret_id, std::int64_t version, std::int64_t from,
                              std::int64_t to, ByteView wrapped_dek) {
  std::optional<VersionRow> row;
  try {
    row = version_metadata(secret_id, version);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::kTampered) throw;
  }
  if (!row) return false;
  if (row->kek_version >= to) return true;  // sealed anew meanwhile
  if (row->kek_version != from) return false;
  row->kek_version = to;
  connection_
      .prepare(
          "UPDATE secret_versions SET kek_version = ?3, wrapped_dek = ?4, mac = ?5 "
          "WHERE secret_id = ?1 AND version = ?2")
      .bind(1, secret_id)
      .bind(2, version)
      .bind(3, to)
      .bind(4, wrapped_dek)
      .bind(5, seal_row(connection_, sealed_text(*row)))
      .run();
  transaction_.touch(Topic::kSecret, secret_id);
  return true;
}

void SecretRepository::seal_unsealed() {
  constexpr std::int64_t kPage = 500;
  std::vector<SecretRow> secrets;
  do {
    secrets.clear();
    {
      auto query = connection_.prepare(
          "SELECT id, vault_id, path, current_version, created_at, updated_at, deleted_at "
          "FROM secrets WHERE mac IS NULL LIMIT ?1");
      query.bind(1, kPage);
      while (query.step()) {
        secrets.push_back({.id = query.uuid(0),
                           .vault_id = query.uuid(1),
                           .path = query.text(2),
                           .current_version = query.integer(3),
                           .created_at = query.time(4),
                           .updated_at = query.time(5),
                           .deleted_at = query.optional_time(6)});
      }
    }
    for (const SecretRow& secret : secrets) update(secret);
  } while (!secrets.empty());

  std::vector<VersionRow> versions;
  do {
    versions.clear();
    {
      auto query = connection_.prepare("SELECT " + kMetadata +
                                       " FROM secret_versions v WHERE v.mac IS NULL LIMIT ?1");
      query.bind(1, kPage);
      while (query.step()) versions.push_back(unchecked_version_row(query, 0));
    }
    for (const VersionRow& version : versions) {
      connection_
          .prepare("UPDATE secret_versions SET mac = ?3 WHERE secret_id = ?1 AND version = ?2")
          .bind(1, version.secret_id)
          .bind(2, version.version)
          .bind(3, seal_row(connection_, sealed_text(version)))
          .run();
    }
  } while (!versions.empty());
}

}  // namespace oneclaw::store

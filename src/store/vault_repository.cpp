#include "store/vault_repository.h"

#include "store/row_seal.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, name, description, created_by, created_by_type, is_system, created_at, "
    "mac, "
    "cmek_fingerprint FROM vaults WHERE deleted_at IS NULL";

const std::string kSelectKek =
    "SELECT vault_id, version, root_key_id, wrapped, created_at FROM vault_keks "
    "WHERE vault_id = ?1";

/// What never changes (whose vault it is, and who made it), and the customer's key: without it, a
/// client would send what it means to encrypt.
ByteView sealed_text(const VaultRow& row) {
  thread_local Bytes out;
  CanonicalWriter writer(out, "oneclaw/row/vault/1");
  writer.id(row.id)
      .id(row.org_id)
      .id(row.created_by)
      .text(row.created_by_type)
      .number(row.is_system ? 1 : 0)
      .number(to_micros(row.created_at));
  if (row.cmek_fingerprint) writer.text(*row.cmek_fingerprint);
  return out;
}

VaultRow unchecked_row(Statement& query) {
  return {.id = query.uuid(0),
          .org_id = query.uuid(1),
          .name = query.text(2),
          .description = query.text(3),
          .created_by = query.uuid(4),
          .created_by_type = query.text(5),
          .is_system = query.boolean(6),
          .created_at = query.time(7),
          .cmek_fingerprint = query.optional_text(9)};
}

std::vector<VaultRow> all(const Connection& connection, Statement& query) {
  std::vector<VaultRow> vaults;
  while (query.step()) {
    vaults.push_back(unchecked_row(query));
    check_row(connection, sealed_text(vaults.back()), query.view(8), "vaults");
  }
  return vaults;
}

std::optional<VaultRow> one(const Connection& connection, Statement& query) {
  auto vaults = all(connection, query);
  if (vaults.empty()) return std::nullopt;
  return std::move(vaults.front());
}

std::optional<VaultKekRow> one_kek(Statement& query) {
  if (!query.step()) return std::nullopt;
  return VaultKekRow{.vault_id = query.uuid(0),
                     .version = query.integer(1),
                     .root_key_id = query.text(2),
                     .wrapped = query.blob(3),
                     .created_at = query.time(4)};
}

}  // namespace

void VaultRepository::insert(const VaultRow& vault) {
  connection_
      .prepare(
          "INSERT INTO vaults (id, org_id, name, description, created_by, created_by_type, "
          "is_system, created_at, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(1, vault.id)
      .bind(2, vault.org_id)
      .bind(3, vault.name)
      .bind(4, vault.description)
      .bind(5, vault.created_by)
      .bind(6, vault.created_by_type)
      .bind(7, vault.is_system)
      .bind(8, vault.created_at)
      .bind(9, seal_row(connection_, sealed_text(vault)))
      .run();
}

std::optional<VaultRow> VaultRepository::find(const Uuid& org_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " AND id = ?1 AND org_id = ?2");
  return one(connection_, query.bind(1, id).bind(2, org_id));
}

std::optional<VaultRow> VaultRepository::find_system(const Uuid& org_id, std::string_view name) {
  auto query = connection_.prepare(kSelect + " AND org_id = ?1 AND name = ?2 AND is_system = 1");
  return one(connection_, query.bind(1, org_id).bind(2, name));
}

std::vector<VaultRow> VaultRepository::list(const Uuid& org_id, std::optional<Uuid> after,
                                            std::int64_t limit) {
  auto query = connection_.prepare(kSelect + " AND org_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
  return all(connection_, query.bind(1, org_id).bind(2, after_or_start(after)).bind(3, limit));
}

bool VaultRepository::remove(const Uuid& org_id, const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE vaults SET deleted_at = ?3 "
          "WHERE id = ?1 AND org_id = ?2 AND deleted_at IS NULL")
      .bind(1, id)
      .bind(2, org_id)
      .bind(3, at)
      .run();
  transaction_.touch(Topic::kVault, id);
  return connection_.changes() == 1;
}

void VaultRepository::set_cmek(const VaultRow& vault) {
  connection_.prepare("UPDATE vaults SET cmek_fingerprint = ?2, mac = ?3 WHERE id = ?1")
      .bind(1, vault.id)
      .bind(2, vault.cmek_fingerprint)
      .bind(3, seal_row(connection_, sealed_text(vault)))
      .run();
  transaction_.touch(Topic::kVault, vault.id);
}

void VaultRepository::insert_kek(const VaultKekRow& kek) {
  connection_
      .prepare(
          "INSERT INTO vault_keks (vault_id, version, root_key_id, wrapped, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5)")
      .bind(1, kek.vault_id)
      .bind(2, kek.version)
      .bind(3, kek.root_key_id)
      .bind(4, kek.wrapped)
      .bind(5, kek.created_at)
      .run();
  transaction_.touch(Topic::kVault, kek.vault_id);
}

std::optional<VaultKekRow> VaultRepository::kek(const Uuid& vault_id, std::int64_t version) {
  auto query = connection_.prepare(kSelectKek + " AND version = ?2");
  return one_kek(query.bind(1, vault_id).bind(2, version));
}

std::optional<VaultKekRow> VaultRepository::newest_kek(const Uuid& vault_id) {
  auto query = connection_.prepare(kSelectKek + " ORDER BY version DESC LIMIT 1");
  return one_kek(query.bind(1, vault_id));
}

void VaultRepository::seal_unsealed() {
  std::vector<VaultRow> vaults;
  {
    auto query = connection_.prepare(
        "SELECT id, org_id, name, description, created_by, created_by_type, is_system, created_at "
        "FROM vaults WHERE mac IS NULL");
    while (query.step()) vaults.push_back(unchecked_row(query));
  }
  for (const VaultRow& vault : vaults) {
    connection_.prepare("UPDATE vaults SET mac = ?2 WHERE id = ?1")
        .bind(1, vault.id)
        .bind(2, seal_row(connection_, sealed_text(vault)))
        .run();
  }
}

}  // namespace oneclaw::store

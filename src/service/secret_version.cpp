#include "service/secret_version.h"

#include <utility>

#include "crypto/cmek.h"

namespace oneclaw::service {

crypto::VersionBinding version_binding(const Uuid& org_id, const Uuid& vault_id,
                                       std::string_view path, const store::VersionRow& version) {
  return {.org_id = org_id,
          .vault_id = vault_id,
          .secret_id = version.secret_id,
          .path = std::string(path),
          .version = version.version,
          .type = version.type,
          .metadata_json = version.metadata,
          .created_by = version.created_by_type + ":" + version.created_by.to_string(),
          .created_at = version.created_at,
          .expires_at = version.expires_at,
          .max_access_count = version.max_access_count};
}

Result<SecretMetadata> put_secret(store::Transaction& transaction, VaultKeys& keys,
                                  const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const Principal& author, const NewSecret& secret,
                                  const store::VaultKekRow* kek_row) {
  return put_secret(transaction, keys, org_id, vault_id, path, author.id, to_string(author.type),
                    secret, kek_row);
}

Result<SecretMetadata> put_secret(store::Transaction& transaction, VaultKeys& keys,
                                  const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const Uuid& author_id, std::string_view author_type,
                                  const NewSecret& secret, const store::VaultKekRow* kek_row) {
  store::SecretRepository secrets(transaction);
  std::optional<store::VaultKekRow> stored;
  if (kek_row == nullptr) {
    stored = store::VaultRepository(transaction).newest_kek(vault_id);
    if (!stored) return problems::internal();
    kek_row = &*stored;
  }
  TRY(const auto kek, keys.unwrap(org_id, *kek_row));

  const TimePoint at = now();
  const auto existing = secrets.find(vault_id, path);
  store::VersionRow version{.secret_id = existing ? existing->id : Uuid::v7(),
                            .version = existing ? existing->current_version + 1 : 1,
                            .type = secret.type,
                            .metadata = secret.metadata_json,
                            .created_by = author_id,
                            .created_by_type = std::string(author_type),
                            .created_at = at,
                            .expires_at = secret.expires_at,
                            .max_access_count = secret.max_access_count,
                            .access_count = 0,
                            .is_disabled = false,
                            .cmek_fingerprint = secret.cmek_fingerprint,
                            .kek_version = kek_row->version,
                            .wrapped_dek = {},
                            .ciphertext = {}};
  TRY(crypto::SealedVersion sealed,
      crypto::seal_version(*kek, kek_row->version, version_binding(org_id, vault_id, path, version),
                           secret.value.bytes()));
  version.wrapped_dek = std::move(sealed.wrapped_dek);
  version.ciphertext = std::move(sealed.ciphertext);
  if (existing) {
    secrets.advance(*existing, version.version, at);
  } else {
    secrets.insert({.id = version.secret_id,
                    .vault_id = vault_id,
                    .path = std::string(path),
                    .current_version = 1,
                    .created_at = at,
                    .updated_at = at,
                    .deleted_at = std::nullopt});
  }
  secrets.insert_version(version);
  version.wrapped_dek.clear();
  version.ciphertext.clear();
  const Uuid secret_id = version.secret_id;
  return SecretMetadata{secret_id, std::string(path), std::move(version)};
}

Result<store::CmekVersion> reseal_cmek_version(store::Transaction& transaction, VaultKeys& keys,
                                               const Uuid& org_id, const Uuid& vault_id,
                                               const store::CmekVersion& version,
                                               const Key256& from, const Key256& to) {
  store::VaultRepository vaults(transaction);
  const auto old_row = vaults.kek(vault_id, version.row.kek_version);
  const auto new_row = vaults.newest_kek(vault_id);
  if (!old_row || !new_row) return problems::internal();
  TRY(const auto old_kek, keys.unwrap(org_id, *old_row));
  TRY(const auto new_kek, keys.unwrap(org_id, *new_row));
  const crypto::VersionBinding binding =
      version_binding(org_id, vault_id, version.path, version.row);
  TRY(const SecureBytes text,
      crypto::open_version(*old_kek, old_row->version, binding,
                           {version.row.wrapped_dek, version.row.ciphertext}));
  TRY(const SecureString fresh, crypto::rekey_cmek_text(from, to, as_text(text)));
  TRY(crypto::SealedVersion sealed,
      crypto::seal_version(*new_kek, new_row->version, binding, fresh.bytes()));
  store::CmekVersion resealed = version;
  resealed.row.kek_version = new_row->version;
  resealed.row.wrapped_dek = std::move(sealed.wrapped_dek);
  resealed.row.ciphertext = std::move(sealed.ciphertext);
  return resealed;
}

}  // namespace oneclaw::service

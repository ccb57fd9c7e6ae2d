#include "service/secrets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/glob_path.h"
#include "crypto/envelope.h"
#include "service/access.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::array<std::string_view, 9> kSecretTypes{"password",    "api_key",    "private_key",
                                                       "certificate", "file",       "note",
                                                       "ssh_key",     "env_bundle", "generic"};

AuditEntry secret_entry(std::string action, const Uuid& vault_id, std::string_view path) {
  AuditEntry entry{
      .action = std::move(action), .resource_type = "secret", .resource_id = {}, .details = {}};
  entry.details["vault_id"] = vault_id.to_string();
  entry.details["path"] = path;
  return entry;
}

crypto::VersionBinding binding_of(const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const store::VersionRow& version) {
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

/// What a read finds: the row, still sealed, and the KEK row that opens it.
struct Found {
  store::SecretRow secret;
  store::VersionRow version;
  store::VaultKekRow kek;
};

Result<Found> find_version(store::Transaction& transaction, const Caller& caller,
                           const Uuid& vault_id, const std::string& path,
                           std::optional<std::int64_t> number) {
  TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
  CHECK_OK(access.require(path, domain::Access::kRead));
  store::SecretRepository secrets(transaction);
  auto secret = secrets.find(vault_id, path);
  if (!secret) return problems::not_found("No secret at that path.");
  if (secret->deleted_at) return problems::gone("The secret was deleted.");
  auto version = secrets.find_version(secret->id, number.value_or(secret->current_version));
  if (!version) return problems::not_found("The secret has no such version.");
  if (version->is_disabled) return problems::gone("The version is disabled.");
  if (version->expires_at && *version->expires_at <= now()) {
    return problems::gone("The version has expired.");
  }
  auto kek = store::VaultRepository(transaction).kek(vault_id, version->kek_version);
  if (!kek) return problems::internal();
  return Found{std::move(*secret), std::move(*version), std::move(*kek)};
}

}  // namespace

Result<void> validate_secret_type(std::string_view type) {
  if (std::ranges::find(kSecretTypes, type) != kSecretTypes.end()) return {};
  return problems::validation(
      "type",
      "must be one of password, api_key, private_key, certificate, file, note, ssh_key, "
      "env_bundle, generic");
}

Result<SecretMetadata> put_secret(store::Transaction& transaction, VaultKeys& keys,
                                  const Uuid& org_id, const Uuid& vault_id, std::string_view path,
                                  const Principal& author, const NewSecret& secret) {
  store::SecretRepository secrets(transaction);
  const auto kek_row = store::VaultRepository(transaction).newest_kek(vault_id);
  if (!kek_row) return problems::internal();
  TRY(const auto kek, keys.unwrap(org_id, *kek_row));

  const TimePoint at = now();
  const auto existing = secrets.find(vault_id, path);
  store::VersionRow version{.secret_id = existing ? existing->id : Uuid::v7(),
                            .version = existing ? existing->current_version + 1 : 1,
                            .type = secret.type,
                            .metadata = secret.metadata_json,
                            .created_by = author.id,
                            .created_by_type = std::string(to_string(author.type)),
                            .created_at = at,
                            .expires_at = secret.expires_at,
                            .max_access_count = secret.max_access_count,
                            .access_count = 0,
                            .is_disabled = false,
                            .kek_version = kek_row->version,
                            .wrapped_dek = {},
                            .ciphertext = {}};
  TRY(crypto::SealedVersion sealed,
      crypto::seal_version(*kek, kek_row->version, binding_of(org_id, vault_id, path, version),
                           secret.value.bytes()));
  version.wrapped_dek = std::move(sealed.wrapped_dek);
  version.ciphertext = std::move(sealed.ciphertext);
  if (existing) {
    secrets.advance(version.secret_id, version.version, at);
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

asio::awaitable<Result<SecretMetadata>> Secrets::put(Caller& caller, Uuid vault_id,
                                                     std::string path, NewSecret secret) {
  CO_CHECK_OK(validate_secret_path(path));
  CO_CHECK_OK(validate_secret_type(secret.type));
  if (secret.value.size() > kMostSecretBytes) {
    co_return problems::validation("value", "must have at most 524288 bytes");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<SecretMetadata> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kPut));
    TRY(SecretMetadata stored, put_secret(transaction, keys_, caller.principal.org_id, vault_id,
                                          path, caller.principal, secret));
    AuditEntry entry = secret_entry("secret.write", vault_id, path);
    entry.resource_id = stored.secret_id.to_string();
    entry.details["version"] = stored.version.version;
    audit_.append(transaction, caller, std::move(entry));
    return stored;
  };
  CO_TRY(SecretMetadata stored, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(stored);
}

asio::awaitable<Result<SecretValue>> Secrets::get(Caller& caller, Uuid vault_id, std::string path,
                                                  std::optional<std::int64_t> number) {
  CO_CHECK_OK(validate_secret_path(path));
  const auto read = [&](store::Transaction& transaction) {
    return find_version(transaction, caller, vault_id, path, number);
  };
  CO_TRY(Found found, co_await store_.read(read));

  AuditEntry entry = secret_entry("secret.read", vault_id, path);
  entry.resource_id = found.secret.id.to_string();
  entry.details["version"] = found.version.version;

  const Uuid& org_id = caller.principal.org_id;
  const crypto::SealedVersion sealed{std::move(found.version.wrapped_dek),
                                     std::move(found.version.ciphertext)};
  Result<SecureBytes> value = problems::internal();
  if (auto kek = keys_.unwrap(org_id, found.kek); kek.ok()) {
    value = crypto::open_version(**kek, found.version.kek_version,
                                 binding_of(org_id, vault_id, path, found.version), sealed);
  } else {
    value = std::move(kek).problem();
  }
  if (!value.ok()) {
    // A row that does not open was changed behind our back: say so in the chain.
    entry.details["reason"] = value.problem().code;
    CO_CHECK_OK(
        co_await audit_.record_refusal(caller, org_id, std::move(entry), value.problem().status));
    co_return std::move(value).problem();
  }

  if (found.version.max_access_count) {
    const auto count = [&](store::Transaction& transaction) -> Result<void> {
      if (!store::SecretRepository(transaction)
               .count_access(found.secret.id, found.version.version)) {
        return problems::gone("The version's max_access_count is used up.");
      }
      audit_.append(transaction, caller, entry);
      return {};
    };
    CO_CHECK_OK(co_await store_.write(caller.principal.org_id, count));
    caller.audited = true;
  } else {
    CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  }
  const Uuid secret_id = found.secret.id;
  co_return SecretValue{{secret_id, std::move(path), std::move(found.version)},
                        std::move(value).value()};
}

asio::awaitable<Result<SecretPage>> Secrets::list(Caller& caller, Uuid vault_id, std::string prefix,
                                                  std::string after, std::int64_t limit) {
  CO_CHECK_OK(validate_secret_prefix(prefix));
  const auto read = [&](store::Transaction& transaction) -> Result<SecretPage> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    store::SecretRepository secrets(transaction);
    SecretPage page;
    std::string last = after;
    const auto wanted = static_cast<std::size_t>(limit);
    // Paths that the caller may not read are passed over, so one page may take several reads.
    for (bool more = true; more;) {
      auto rows = secrets.list(vault_id, prefix, last, limit + 1);
      more = rows.size() > wanted;
      for (store::ListedSecret& row : rows) {
        if (page.secrets.size() == wanted) {
          page.next_path = page.secrets.back().path;
          return page;
        }
        last = row.secret.path;
        if (!access.allows(row.secret.path, domain::Access::kRead)) continue;
        page.secrets.push_back({row.secret.id, std::move(row.secret.path), std::move(row.version)});
      }
    }
    return page;
  };
  CO_TRY(SecretPage page, co_await store_.read(read));
  AuditEntry entry = secret_entry("secret.list", vault_id, prefix);
  entry.details["count"] = page.secrets.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(page);
}

asio::awaitable<Result<std::vector<SecretMetadata>>> Secrets::versions(Caller& caller,
                                                                       Uuid vault_id,
                                                                       std::string path) {
  CO_CHECK_OK(validate_secret_path(path));
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<SecretMetadata>> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kRead));
    store::SecretRepository secrets(transaction);
    const auto secret = secrets.find(vault_id, path);
    if (!secret) return problems::not_found("No secret at that path.");
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    std::vector<SecretMetadata> versions;
    for (store::VersionRow& version : secrets.list_versions(secret->id, kMostListed)) {
      versions.push_back({secret->id, path, std::move(version)});
    }
    return versions;
  };
  CO_TRY(auto versions, co_await store_.read(read));
  AuditEntry entry = secret_entry("secret.versions", vault_id, path);
  entry.resource_id = versions.empty() ? std::string() : versions.front().secret_id.to_string();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(versions);
}

asio::awaitable<Result<void>> Secrets::remove(Caller& caller, Uuid vault_id, std::string path) {
  CO_CHECK_OK(validate_secret_path(path));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kDelete));
    store::SecretRepository secrets(transaction);
    const auto secret = secrets.find(vault_id, path);
    if (!secret) return problems::not_found("No secret at that path.");
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    secrets.remove(secret->id, now());
    AuditEntry entry = secret_entry("secret.delete", vault_id, path);
    entry.resource_id = secret->id.to_string();
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

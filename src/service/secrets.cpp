#include "service/secrets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/glob_path.h"
#include "base/json_text.h"
#include "crypto/cmek.h"
#include "crypto/envelope.h"
#include "service/access.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// Rows that one read of a list may go over.
constexpr std::size_t kMostScanned = 4000;
/// Rows that are asked for at once when some of them may be passed over.
constexpr std::size_t kLeastFiltered = 100;

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

/// What is audited most. `access_count`: with this access, where accesses are counted; never the
/// first member, for the store looks for a comma before it (store/schema_11.h).
AuditEntry read_entry(const Uuid& vault_id, std::string_view path, const SealedSecret& secret,
                      const std::optional<Uuid>& binding_id,
                      std::optional<std::int64_t> access_count = std::nullopt) {
  AuditEntry entry{.action = binding_id ? "secret.use" : "secret.read",
                   .resource_type = "secret",
                   .resource_id = secret.secret.id.to_string(),
                   .details = {}};
  JsonMembers members(entry.detail_members);
  members.text("vault_id", vault_id.to_string())
      .text("path", path)
      .number("version", secret.version.version);
  if (binding_id) members.text("binding_id", binding_id->to_string());
  if (access_count) members.number("access_count", *access_count);
  return entry;
}

/// Goes on with a page for the rows of one read: at most kMostScanned of them, from `after` on, in
/// ranges[range] and those behind it. True when the page wants another read.
Result<bool> scan_page(store::Transaction& transaction, const VaultAccess& access,
                       const Uuid& vault_id, const std::vector<std::string_view>& ranges,
                       std::size_t wanted, std::size_t& range, std::string& after,
                       SecretPage& page) {
  store::SecretRepository secrets(transaction);
  for (std::size_t scanned = 0; range < ranges.size();) {
    const std::string_view prefix = ranges[range];
    if (after > prefix && !std::string_view(after).starts_with(prefix)) {
      ++range;  // all of it comes before
      continue;
    }
    if (scanned >= kMostScanned) return true;
    const std::size_t asked =
        std::max(wanted - page.secrets.size() + 1, access.whole() ? 1 : kLeastFiltered);
    auto rows = secrets.list(vault_id, prefix, after, static_cast<std::int64_t>(asked));
    scanned += rows.size() + 1;
    for (store::ListedSecret& row : rows) {
      if (!access.allows(row.secret.path, domain::Access::kRead)) {
        after = std::move(row.secret.path);
        continue;
      }
      if (page.secrets.size() == wanted) {
        page.next_path = page.secrets.back().path;
        return false;
      }
      after = row.secret.path;
      page.secrets.push_back({row.secret.id, std::move(row.secret.path), std::move(row.version)});
    }
    if (rows.size() < asked) ++range;
  }
  return false;
}

/// A binding's use needs no policy, but heeds one that denies.
Result<void> require_read(const VaultAccess& access, std::string_view path, bool by_binding) {
  return by_binding ? access.require_undenied(path, domain::Access::kRead)
                    : access.require(path, domain::Access::kRead);
}

/// 410 when the version can no longer be read.
Result<void> check_readable(const store::VersionRow& version) {
  if (version.is_disabled) return problems::gone("The version is disabled.");
  if (version.expires_at && *version.expires_at <= now()) {
    return problems::gone("The version has expired.");
  }
  return {};
}

}  // namespace

Result<void> validate_secret_type(std::string_view type) {
  if (std::ranges::find(kSecretTypes, type) != kSecretTypes.end()) return {};
  return problems::validation(
      "type",
      "must be one of password, api_key, private_key, certificate, file, note, ssh_key, "
      "env_bundle, generic");
}

namespace {

/// What a vault with a customer's key takes.
Result<void> check_cmek(store::Transaction& transaction, const store::VaultRow& vault,
                        const NewSecret& secret) {
  if (!vault.cmek_fingerprint) return {};
  if (!crypto::is_cmek_text(secret.value.view())) {
    return problems::validation(
        "value",
        "must be encrypted with the vault's key: base64 of 0x01, a 12-byte IV, ciphertext and tag");
  }
  if (secret.rotation) {
    return problems::validation("rotation_policy", "can't be set in a vault with a customer's key");
  }
  if (store::CmekRotationRepository(transaction).open(vault.id)) {
    return problems::conflict("The vault's key is being rotated: try again when that has ended.");
  }
  return {};
}

/// Sets, clears or restarts the schedule of a secret that was just put.
std::optional<store::RotationPolicyRow> reschedule(store::Transaction& transaction,
                                                   const Caller& caller, const Uuid& vault_id,
                                                   const SecretMetadata& stored,
                                                   const NewSecret& secret) {
  store::RotationRepository schedules(transaction);
  const TimePoint at = stored.version.created_at;
  if (secret.rotation) {
    store::RotationPolicyRow policy{
        .secret_id = stored.secret_id,
        .org_id = caller.principal.org_id,
        .vault_id = vault_id,
        .interval_seconds = secret.rotation->interval.count(),
        .length = secret.rotation->length,
        .charset = std::string(crypto::to_string(secret.rotation->charset)),
        .created_by = caller.principal.id,
        .next_rotation_at = at + secret.rotation->interval};
    schedules.put(policy);
    return policy;
  }
  if (stored.version.version == 1) return std::nullopt;
  if (secret.clear_rotation) {
    schedules.remove(stored.secret_id);
    return std::nullopt;
  }
  auto policy = schedules.find(stored.secret_id);
  if (policy) {
    policy->next_rotation_at = at + std::chrono::seconds(policy->interval_seconds);
    schedules.set_next(stored.secret_id, policy->next_rotation_at);
  }
  return policy;
}

}  // namespace

asio::awaitable<Result<SecretMetadata>> Secrets::put(Caller& caller, Uuid vault_id,
                                                     std::string path, NewSecret secret) {
  CO_CHECK_OK(validate_secret_path(path));
  CO_CHECK_OK(validate_secret_type(secret.type));
  if (secret.value.size() > kMostSecretBytes) {
    co_return problems::validation("value", "must have at most 524288 bytes");
  }
  CO_CHECK_OK(co_await prepare_write(caller, vault_id, path));
  const auto write = [&](store::Transaction& transaction) -> Result<SecretMetadata> {
    TRY(const VaultAccess access, access_.load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kPut));
    CHECK_OK(check_cmek(transaction, access.vault(), secret));
    if (quotas_.is_on()) {
      const auto there = store::SecretRepository(transaction).find(vault_id, path);
      if (!there || there->deleted_at) {
        CHECK_OK(
            quotas_.check_room(transaction, caller.principal.org_id, domain::Metered::kSecrets));
      }
    }
    secret.cmek_fingerprint = access.vault().cmek_fingerprint;
    TRY(SecretMetadata stored, put_secret(transaction, keys_, caller.principal.org_id, vault_id,
                                          path, caller.principal, secret, access.kek().get()));
    stored.rotation = reschedule(transaction, caller, vault_id, stored, secret);
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

asio::awaitable<Result<void>> Secrets::prepare_write(const Caller& caller, Uuid vault_id,
                                                     const std::string& path) {
  CO_TRY(const VaultAccess access, co_await access_.get(caller, vault_id));
  CO_CHECK_OK(access.require(path, domain::Access::kPut));
  if (auto kek = access.kek()) {
    CO_CHECK_OK(co_await keys_.get(caller.principal.org_id, std::move(kek)));
  }
  co_return Result<void>();
}

std::optional<Result<Secrets::Found>> Secrets::find(const Caller& caller, const Uuid& vault_id,
                                                    std::string_view path, bool by_binding) {
  auto access = access_.find(caller, vault_id);
  if (!access) return std::nullopt;
  if (!access->ok()) return std::move(*access).problem();
  if (auto allowed = require_read(**access, path, by_binding); !allowed.ok()) {
    return std::move(allowed).problem();
  }
  auto secret = sealed_.find(vault_id, path);
  auto kek = (*access)->kek();
  if (!secret || !kek || kek->version != secret->version.kek_version) {
    return std::nullopt;
  }
  if (auto readable = check_readable(secret->version); !readable.ok()) {
    return std::move(readable).problem();
  }
  return Found{std::move(secret), std::move(kek)};
}

Result<Secrets::Found> Secrets::load(store::Transaction& transaction, const Caller& caller,
                                     const Uuid& vault_id, const std::string& path,
                                     std::optional<std::int64_t> number, bool by_binding) {
  TRY(const VaultAccess access, access_.load(transaction, caller, vault_id));
  CHECK_OK(require_read(access, path, by_binding));
  store::SecretRepository secrets(transaction);
  auto secret = secrets.find(vault_id, path);
  if (!secret) return problems::not_found("No secret at that path.");
  if (secret->deleted_at) return problems::gone("The secret was deleted.");
  auto version = secrets.find_version(secret->id, number.value_or(secret->current_version));
  if (!version) return problems::not_found("The secret has no such version.");
  CHECK_OK(check_readable(*version));
  auto kek = access.kek();
  if (!kek || kek->version != version->kek_version) {
    auto row = store::VaultRepository(transaction).kek(vault_id, version->kek_version);
    if (!row) return problems::internal();
    kek = std::make_shared<const store::VaultKekRow>(std::move(*row));
  }
  auto sealed = std::make_shared<SealedSecret>();
  sealed->sealed = {std::exchange(version->wrapped_dek, {}),
                    std::exchange(version->ciphertext, {})};
  sealed->secret = std::move(*secret);
  sealed->version = std::move(*version);
  sealed->mark = transaction.mark();
  if (!number) sealed_.keep(sealed);
  return Found{std::move(sealed), std::move(kek)};
}

asio::awaitable<Result<SecretValue>> Secrets::get(Caller& caller, Uuid vault_id, std::string path,
                                                  std::optional<std::int64_t> number) {
  return fetch(caller, vault_id, std::move(path), number, std::nullopt);
}

asio::awaitable<Result<SecretValue>> Secrets::use(Caller& caller, Uuid vault_id, std::string path,
                                                  Uuid binding_id) {
  return fetch(caller, vault_id, std::move(path), std::nullopt, binding_id);
}

asio::awaitable<Result<SecretValue>> Secrets::fetch(Caller& caller, Uuid vault_id, std::string path,
                                                    std::optional<std::int64_t> number,
                                                    std::optional<Uuid> binding_id) {
  CO_CHECK_OK(validate_secret_path(path));
  const bool by_binding = binding_id.has_value();
  std::optional<Result<Found>> outcome;
  if (!number) outcome = find(caller, vault_id, path, by_binding);
  if (!outcome) {
    const auto read = [&](store::Transaction& transaction) {
      return load(transaction, caller, vault_id, path, number, by_binding);
    };
    outcome = co_await store_.read(read);
  }
  CO_TRY(const Found found, std::move(*outcome));
  const SealedSecret& secret = *found.secret;

  AuditEntry entry = read_entry(vault_id, path, secret, binding_id);
  const Uuid org_id = caller.principal.org_id;
  Result<SecureBytes> value = problems::internal();
  Result<std::shared_ptr<const Key256>> kek = keys_.find(*found.kek);
  if (!*kek) kek = co_await keys_.get(org_id, found.kek);
  if (kek.ok()) {
    value = crypto::open_version(**kek, secret.version.kek_version,
                                 version_binding(org_id, vault_id, path, secret.version),
                                 secret.sealed);
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

  if (secret.version.max_access_count) {
    const auto count = [&](store::Transaction& transaction) -> Result<void> {
      const auto counted = store::SecretRepository(transaction)
                               .count_access(secret.secret.id, secret.version.version);
      if (!counted) return problems::gone("The version's max_access_count is used up.");
      audit_.append(transaction, caller, read_entry(vault_id, path, secret, binding_id, counted));
      return {};
    };
    CO_CHECK_OK(co_await store_.write(caller.principal.org_id, count));
    caller.audited = true;
  } else {
    CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  }
  co_return SecretValue{{secret.secret.id, std::move(path), secret.version},
                        std::move(value).value()};
}

asio::awaitable<Result<SecretPage>> Secrets::list(Caller& caller, Uuid vault_id, std::string prefix,
                                                  std::string after, std::int64_t limit) {
  CO_CHECK_OK(validate_secret_prefix(prefix));
  CO_TRY(const VaultAccess access, co_await access_.get(caller, vault_id));
  const std::vector<std::string_view> ranges = access.reachable(prefix, domain::Access::kRead);
  const auto wanted = static_cast<std::size_t>(limit);
  SecretPage page;
  std::size_t range = 0;
  const auto scan = [&](store::Transaction& transaction) -> Result<bool> {
    return scan_page(transaction, access, vault_id, ranges, wanted, range, after, page);
  };
  // Paths that the caller may not read are passed over. Many of them take several reads, so that
  // no one keeps a database thread for long.
  for (bool more = true; more;) {
    CO_TRY(more, co_await store_.read_behind(caller.principal.org_id, scan));
  }
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
    TRY(const VaultAccess access, access_.load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kRead));
    store::SecretRepository secrets(transaction);
    const auto secret = secrets.find(vault_id, path);
    if (!secret) return problems::not_found("No secret at that path.");
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    std::vector<SecretMetadata> versions;
    for (store::VersionRow& version : secrets.list_versions(secret->id, kMostListed)) {
      versions.push_back({secret->id, path, std::move(version), {}});
    }
    if (!versions.empty()) {
      versions.front().rotation = store::RotationRepository(transaction).find(secret->id);
    }
    return versions;
  };
  CO_TRY(auto versions, co_await store_.read(read));
  AuditEntry entry = secret_entry("secret.versions", vault_id, path);
  entry.resource_id = versions.empty() ? std::string() : versions.front().secret_id.to_string();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(versions);
}

asio::awaitable<Result<void>> Secrets::disable_version(Caller& caller, Uuid vault_id,
                                                       std::string path, std::int64_t version) {
  CO_CHECK_OK(validate_secret_path(path));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, access_.load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kDelete));
    store::SecretRepository secrets(transaction);
    const auto secret = secrets.find(vault_id, path);
    if (!secret) return problems::not_found("No secret at that path.");
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    if (!secrets.disable_version(secret->id, version) &&
        !secrets.find_version(secret->id, version)) {
      return problems::not_found("The secret has no such version.");
    }
    AuditEntry entry = secret_entry("secret.disable_version", vault_id, path);
    entry.resource_id = secret->id.to_string();
    entry.details["version"] = version;
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> Secrets::remove(Caller& caller, Uuid vault_id, std::string path) {
  CO_CHECK_OK(validate_secret_path(path));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, access_.load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kDelete));
    store::SecretRepository secrets(transaction);
    const auto secret = secrets.find(vault_id, path);
    if (!secret) return problems::not_found("No secret at that path.");
    if (secret->deleted_at) return problems::gone("The secret was deleted.");
    secrets.remove(secret->id, now());
    store::RotationRepository(transaction).remove(secret->id);
    AuditEntry entry = secret_entry("secret.delete", vault_id, path);
    entry.resource_id = secret->id.to_string();
    entry.details["version"] = secret->current_version;
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

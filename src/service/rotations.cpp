#include "service/rotations.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/glob_path.h"
#include "service/access.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kDueAtOnce = 32;
constexpr std::chrono::seconds kAfterFailure{60};

AuditEntry rotate_entry(const SecretMetadata& secret, const Uuid& vault_id,
                        std::string_view trigger) {
  AuditEntry entry{.action = "secret.rotate",
                   .resource_type = "secret",
                   .resource_id = secret.secret_id.to_string(),
                   .details = {}};
  entry.details["vault_id"] = vault_id.to_string();
  entry.details["path"] = secret.path;
  entry.details["version"] = secret.version.version;
  entry.details["trigger"] = trigger;
  return entry;
}

boost::json::object rotated_event(const SecretMetadata& secret, const Uuid& vault_id,
                                  std::string_view trigger) {
  boost::json::object data;
  data["secret_id"] = secret.secret_id.to_string();
  data["vault_id"] = vault_id.to_string();
  data["path"] = secret.path;
  data["version"] = secret.version.version;
  data["trigger"] = trigger;
  return data;
}

}  // namespace

asio::awaitable<Result<SecretMetadata>> Rotations::rotate(Caller& caller, Uuid vault_id,
                                                          std::string path, RotateOptions options) {
  CO_CHECK_OK(validate_secret_path(path));
  if (options.type) CO_CHECK_OK(validate_secret_type(*options.type));
  const auto write = [&](store::Transaction& transaction) -> Result<SecretMetadata> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require(path, domain::Access::kPut));
    if (access.vault().cmek_fingerprint) {
      return problems::conflict(
          "The values of a vault with a customer's key come from its client.");
    }
    store::SecretRepository secrets(transaction);
    const auto existing = secrets.find(vault_id, path);
    if (!existing) return problems::not_found("No secret at that path.");
    if (existing->deleted_at) return problems::gone("The secret was deleted.");
    const auto current = secrets.find_version(existing->id, existing->current_version);
    if (!current) return problems::internal();
    NewSecret next;
    next.type = options.type.value_or(current->type);
    next.metadata_json = current->metadata;
    next.value = crypto::generate_value(options.charset, static_cast<std::size_t>(options.length));
    TRY(SecretMetadata stored, put_secret(transaction, keys_, caller.principal.org_id, vault_id,
                                          path, caller.principal, next));
    store::RotationRepository schedules(transaction);
    if (const auto policy = schedules.find(stored.secret_id)) {
      schedules.set_next(stored.secret_id, now() + std::chrono::seconds(policy->interval_seconds));
    }
    audit_.append(transaction, caller, rotate_entry(stored, vault_id, "request"));
    outbox_.enqueue_event(transaction, caller.principal.org_id, "secret.rotated",
                          rotated_event(stored, vault_id, "request"));
    return stored;
  };
  CO_TRY(SecretMetadata stored, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(stored);
}

asio::awaitable<void> Rotations::run_due() {
  for (;;) {
    const TimePoint at = now();
    const auto read =
        [&](store::Transaction& transaction) -> Result<std::vector<store::RotationPolicyRow>> {
      return store::RotationRepository(transaction).due(at, kDueAtOnce);
    };
    const auto due = co_await store_.read(read);
    if (!due.ok() || due->empty()) co_return;
    for (const store::RotationPolicyRow& policy : *due) {
      const auto write = [&](store::Transaction& transaction) {
        return rotate_due(transaction, policy.secret_id, at);
      };
      const Result<void> rotated = co_await store_.write(policy.org_id, write);
      if (rotated.ok()) continue;
      spdlog::error("a scheduled rotation failed secret={} code={}", policy.secret_id.to_string(),
                    rotated.problem().code);
      // Behind the others, so that one that always fails holds none of them up.
      const auto put_off = [&](store::Transaction& transaction) -> Result<void> {
        store::RotationRepository(transaction).set_next(policy.secret_id, now() + kAfterFailure);
        return {};
      };
      if (const Result<void> put = co_await store_.write(policy.org_id, put_off); !put.ok())
        co_return;
    }
    if (due->size() < static_cast<std::size_t>(kDueAtOnce)) co_return;
  }
}

Result<void> Rotations::rotate_due(store::Transaction& transaction, const Uuid& secret_id,
                                   TimePoint at) {
  store::RotationRepository schedules(transaction);
  const auto policy = schedules.find(secret_id);
  if (!policy || policy->next_rotation_at > at) return {};  // somebody was here in between
  store::SecretRepository secrets(transaction);
  const auto secret = secrets.find_by_id(secret_id);
  if (!secret || secret->deleted_at) {
    schedules.remove(secret_id);
    return {};
  }
  const auto current = secrets.find_version(secret_id, secret->current_version);
  const auto charset = crypto::parse_charset(policy->charset);
  if (!current || !charset) return problems::internal();
  NewSecret next;
  next.type = current->type;
  next.metadata_json = current->metadata;
  next.value = crypto::generate_value(*charset, static_cast<std::size_t>(policy->length));
  TRY(const SecretMetadata stored, put_secret(transaction, keys_, policy->org_id, policy->vault_id,
                                              secret->path, policy->created_by, "system", next));
  schedules.set_next(secret_id, next_rotation(policy->next_rotation_at,
                                              std::chrono::seconds(policy->interval_seconds), at));
  AuditEntry entry = rotate_entry(stored, policy->vault_id, "schedule");
  entry.details["scheduled_by"] = policy->created_by.to_string();
  audit_.append_system(transaction, policy->org_id, std::move(entry));
  outbox_.enqueue_event(transaction, policy->org_id, "secret.rotated",
                        rotated_event(stored, policy->vault_id, "schedule"));
  return {};
}

}  // namespace oneclaw::service

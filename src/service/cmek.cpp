#include "service/cmek.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "base/glob_path.h"
#include "crypto/cmek.h"
#include "crypto/envelope.h"
#include "service/access.h"
#include "service/secrets.h"
#include "store/env_var_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kVersionsAtOnce = 16;

AuditEntry cmek_entry(std::string action, const Uuid& vault_id) {
  return {.action = std::move(action),
          .resource_type = "vault",
          .resource_id = vault_id.to_string(),
          .details = {}};
}

/// The vault, when the caller may manage its key.
Result<store::VaultRow> managed_vault(store::Transaction& transaction, const Caller& caller,
                                      const Uuid& vault_id) {
  TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
  CHECK_OK(access.require_whole());
  return access.vault();
}

}  // namespace

asio::awaitable<Result<store::VaultRow>> Cmek::enable(Caller& caller, Uuid vault_id,
                                                      std::string fingerprint) {
  const auto parsed = crypto::parse_fingerprint(fingerprint);
  if (!parsed) {
    co_return problems::validation("fingerprint", "must be the SHA-256 of the key: 64 hex digits");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<store::VaultRow> {
    TRY(store::VaultRow vault, managed_vault(transaction, caller, vault_id));
    if (vault.is_system) return problems::bad_request("A system vault has the server's key.");
    if (vault.cmek_fingerprint) {
      return problems::bad_request("The vault has a customer's key: rotate it.");
    }
    if (store::RotationRepository(transaction).any_in_vault(vault_id)) {
      return problems::bad_request(
          "Secrets of this vault are rotated on a schedule, which the server can't do under a "
          "customer's key. Clear their rotation_policy first.");
    }
    if (store::EnvVarRepository(transaction).count(vault_id) > 0) {
      return problems::bad_request(
          "The vault has environment variables, which a customer's key would not cover. Move them "
          "to another vault first.");
    }
    vault.cmek_fingerprint = *parsed;
    store::VaultRepository(transaction).set_cmek(vault);
    AuditEntry entry = cmek_entry("cmek.enable", vault_id);
    entry.details["fingerprint"] = *parsed;
    audit_.append(transaction, caller, std::move(entry));
    return vault;
  };
  CO_TRY(store::VaultRow vault, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(vault);
}

asio::awaitable<Result<store::VaultRow>> Cmek::disable(Caller& caller, Uuid vault_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::VaultRow> {
    TRY(store::VaultRow vault, managed_vault(transaction, caller, vault_id));
    if (!vault.cmek_fingerprint) return problems::bad_request("The vault has no customer's key.");
    if (store::CmekRotationRepository(transaction).open(vault_id)) {
      return problems::conflict("The vault's key is being rotated.");
    }
    vault.cmek_fingerprint.reset();
    store::VaultRepository(transaction).set_cmek(vault);
    audit_.append(transaction, caller, cmek_entry("cmek.disable", vault_id));
    return vault;
  };
  CO_TRY(store::VaultRow vault, co_await store_.write(write));
  caller.audited = true;
  co_return std::move(vault);
}

asio::awaitable<Result<store::CmekRotationRow>> Cmek::rotate(Caller& caller, Uuid vault_id,
                                                             CmekKeys keys,
                                                             std::string new_fingerprint) {
  const auto wanted = crypto::parse_fingerprint(new_fingerprint);
  if (!wanted) {
    co_return problems::validation("new_fingerprint",
                                   "must be the SHA-256 of the key: 64 hex digits");
  }
  if (crypto::fingerprint_of(keys.to) != *wanted) {
    co_return problems::validation("x-cmek-new-key", "isn't the key of new_fingerprint");
  }
  const std::string old_fingerprint = crypto::fingerprint_of(keys.from);
  if (old_fingerprint == *wanted) {
    co_return problems::validation("x-cmek-new-key", "must differ from the old key");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<store::CmekRotationRow> {
    TRY(const store::VaultRow vault, managed_vault(transaction, caller, vault_id));
    if (!vault.cmek_fingerprint) return problems::bad_request("The vault has no customer's key.");
    if (*vault.cmek_fingerprint != old_fingerprint) {
      return problems::validation("x-cmek-old-key", "isn't the vault's key");
    }
    store::CmekRotationRepository jobs(transaction);
    auto job = jobs.open(vault_id);
    AuditEntry entry = cmek_entry("cmek.rotate", vault_id);
    if (job) {
      if (job->new_fingerprint != *wanted) {
        return problems::conflict("A rotation to another key is open: send that key again.");
      }
      entry.details["resumed"] = true;
    } else {
      job = store::CmekRotationRow{
          .id = Uuid::v7(),
          .vault_id = vault_id,
          .old_fingerprint = old_fingerprint,
          .new_fingerprint = *wanted,
          .total =
              store::SecretRepository(transaction).count_cmek_versions(vault_id, old_fingerprint),
          .created_by = caller.principal.id,
          .created_at = now()};
      jobs.insert(*job);
    }
    entry.details["job_id"] = job->id.to_string();
    entry.details["new_fingerprint"] = *wanted;
    audit_.append(transaction, caller, std::move(entry));
    return *job;
  };
  CO_TRY(store::CmekRotationRow job, co_await store_.write(write));
  caller.audited = true;
  CO_CHECK_OK(hold(std::make_shared<const Job>(
      Job{caller.principal.org_id, vault_id, job.id, std::move(keys)})));
  wake_();
  co_return std::move(job);
}

asio::awaitable<Result<store::CmekRotationRow>> Cmek::status(Caller& caller, Uuid vault_id,
                                                             Uuid job_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<store::CmekRotationRow> {
    CHECK_OK(managed_vault(transaction, caller, vault_id));
    auto job = store::CmekRotationRepository(transaction).find(vault_id, job_id);
    if (!job) return problems::not_found("No such rotation.");
    return std::move(*job);
  };
  CO_TRY(store::CmekRotationRow job, co_await store_.read(read));
  AuditEntry entry = cmek_entry("cmek.rotation_status", vault_id);
  entry.details["job_id"] = job_id.to_string();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return as_seen(std::move(job));
}

Result<void> Cmek::hold(SharedJob job) {
  const std::lock_guard lock(mutex_);
  if (jobs_.contains(job->id)) return {};
  if (jobs_.size() >= kMostRunning) {
    return problems::unavailable("Too many key rotations at once; send the keys again later.", 10);
  }
  const Uuid id = job->id;
  jobs_[id] = std::move(job);
  return {};
}

Cmek::SharedJob Cmek::next() const {
  const std::lock_guard lock(mutex_);
  return jobs_.empty() ? nullptr : jobs_.begin()->second;
}

bool Cmek::runs(const Uuid& job_id) const {
  const std::lock_guard lock(mutex_);
  return jobs_.contains(job_id);
}

void Cmek::drop(const Uuid& job_id) {
  const std::lock_guard lock(mutex_);
  jobs_.erase(job_id);
}

store::CmekRotationRow Cmek::as_seen(store::CmekRotationRow row) const {
  const bool open = row.status == "pending" || row.status == "running";
  if (open && !runs(row.id)) {
    row.status = "pending";
    row.error = "It was interrupted and waits for its keys: send the same request again.";
  }
  return row;
}

asio::awaitable<void> Cmek::run(const std::atomic<bool>& stopping) {
  while (const SharedJob job = next()) {
    const Result<void> done = co_await run_job(*job, stopping);
    if (stopping) co_return;
    if (!done.ok()) {
      spdlog::error("a key rotation stopped job={} code={}", job->id.to_string(),
                    done.problem().code);
    }
    drop(job->id);
  }
}

asio::awaitable<Result<void>> Cmek::run_job(const Job& job, const std::atomic<bool>& stopping) {
  const auto start = [&](store::Transaction& transaction) -> Result<store::CmekRotationRow> {
    store::CmekRotationRepository jobs(transaction);
    auto row = jobs.find(job.vault_id, job.id);
    if (!row) return problems::not_found();
    row->status = "running";
    if (!row->started_at) row->started_at = now();
    jobs.update(*row);
    return std::move(*row);
  };
  CO_TRY(store::CmekRotationRow row, co_await store_.write(start));

  std::optional<store::CmekVersionId> after;
  for (;;) {
    if (stopping) co_return Result<void>();
    // Opened and sealed away from the store's writer, which then swaps what still is as it was.
    std::vector<store::CmekVersion> fresh;
    bool at_end = false;
    const auto cursor = after;
    const auto read = [&](store::Transaction& transaction) -> Result<void> {
      fresh.clear();
      store::SecretRepository secrets(transaction);
      const auto found =
          secrets.cmek_versions(job.vault_id, row.old_fingerprint, cursor, kVersionsAtOnce);
      at_end = found.empty();
      for (const store::CmekVersion& version : found) {
        after = store::CmekVersionId{version.row.secret_id, version.row.version};
        auto resealed = reseal_cmek_version(transaction, keys_, job.org_id, job.vault_id, version,
                                            job.keys.from, job.keys.to);
        if (!resealed.ok()) continue;  // under some other key: it stays as it is
        resealed->row.cmek_fingerprint = row.new_fingerprint;
        fresh.push_back(std::move(*resealed));
      }
      return {};
    };
    CO_CHECK_OK(co_await store_.read(read));
    if (at_end) break;
    bool stale = false;
    const auto write = [&](store::Transaction& transaction) -> Result<store::CmekRotationRow> {
      store::CmekRotationRow next = row;
      // A KEK that came meanwhile: its rotation may be past these versions and not come again.
      const auto kek = store::VaultRepository(transaction).newest_kek(job.vault_id);
      stale = !fresh.empty() && kek && kek->version != fresh.front().row.kek_version;
      if (stale) return next;
      store::SecretRepository secrets(transaction);
      for (const store::CmekVersion& version : fresh) {
        if (secrets.replace_cmek_version(version.row, row.old_fingerprint)) ++next.processed;
      }
      store::CmekRotationRepository(transaction).update(next);
      return next;
    };
    CO_TRY(row, co_await store_.write(write));
    if (stale) after = cursor;
  }

  const auto finish = [&](store::Transaction& transaction) -> Result<void> {
    store::CmekRotationRow ended = row;
    ended.skipped =
        store::SecretRepository(transaction).count_cmek_versions(job.vault_id, row.old_fingerprint);
    ended.status = ended.skipped == 0 ? "completed" : "failed";
    if (ended.skipped > 0) {
      ended.error = std::to_string(ended.skipped) +
                    " versions don't open with the old key and were left as they are.";
    }
    ended.completed_at = now();
    store::CmekRotationRepository(transaction).update(ended);
    store::VaultRepository vaults(transaction);
    if (auto vault = vaults.find(job.org_id, job.vault_id)) {
      vault->cmek_fingerprint = row.new_fingerprint;
      vaults.set_cmek(*vault);
    }
    AuditEntry entry = cmek_entry("cmek.rotated", job.vault_id);
    entry.details["job_id"] = job.id.to_string();
    entry.details["processed"] = ended.processed;
    entry.details["skipped"] = ended.skipped;
    audit_.append_system(transaction, job.org_id, std::move(entry));
    boost::json::object data;
    data["vault_id"] = job.vault_id.to_string();
    data["job_id"] = job.id.to_string();
    data["status"] = ended.status;
    outbox_.enqueue_event(transaction, job.org_id, "cmek.rotated", std::move(data));
    return {};
  };
  co_return co_await store_.write(finish);
}

}  // namespace oneclaw::service

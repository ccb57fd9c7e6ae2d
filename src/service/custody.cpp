#include "service/custody.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kTask = "key rotations";
constexpr std::chrono::seconds kPeriod{20};
constexpr std::int64_t kMostReported = 20;
/// A batch is followed by a pause as long as itself, but for these bounds, so that requests get
/// at least half of the writer.
constexpr std::chrono::milliseconds kLeastPause{2};
constexpr std::chrono::milliseconds kMostPause{250};

asio::awaitable<void> pause_for(std::chrono::steady_clock::duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(time);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

Custody::Custody(store::Store& store, crypto::Keyring& keyring, VaultKeys& vault_keys,
                 SigningKeys& signing_keys, AuditLog& audit, Background& background, bool shared)
    : store_(store),
      keyring_(keyring),
      vault_keys_(vault_keys),
      signing_keys_(signing_keys),
      audit_(audit),
      background_(background),
      shared_(shared) {}

void Custody::start() {
  background_.every(std::string(kTask), kPeriod, [this] { return work(); });
  if (!shared_) return;
  refresher_.every("signing keys", kRefresh, [this] { return refresh(); });
  refresher_.start();
}

asio::awaitable<void> Custody::refresh() {
  using Rows = std::vector<store::SigningKeyRow>;
  const auto read = [](store::Transaction& transaction) -> Result<Rows> {
    return store::KeyRepository(transaction).signing_keys();
  };
  const Result<Rows> rows = co_await store_.read(read);
  if (!rows.ok()) co_return;
  const Result<void> loaded = signing_keys_.load(*rows, keyring_, now());
  if (!loaded.ok()) spdlog::warn("JWT keys can't be loaded: {}", loaded.problem().detail);
}

asio::awaitable<Result<store::KeyRotationRow>> Custody::rotate_root() {
  if (shared_ && keyring_.status().provider != "pkcs11") {
    co_return problems::conflict(
        "The nodes of a cluster have keyring files of their own: rotate the root key with pkcs11:, "
        "or do it on a single node.");
  }
  const auto busy = [&](store::Transaction& transaction) -> Result<bool> {
    for (const auto& rotation : store::KeyRotationRepository(transaction).list(kMostReported)) {
      if (rotation.kind == "root" && !rotation.finished_at) return true;
    }
    return false;
  };
  CO_TRY(const bool is_busy, co_await store_.read(busy));
  if (is_busy) co_return problems::conflict("A rotation of the root key is under way.");
  // The key first: should we end here, it is active already and old keys go on opening; the next
  // rotation takes care of all.
  CO_TRY(const std::string target, keyring_.rotate());
  const auto write = [&](store::Transaction& transaction) -> Result<store::KeyRotationRow> {
    store::KeyRotationRepository rotations(transaction);
    store::KeyRotationRow rotation{
        .id = Uuid::v7(), .kind = "root", .target = target, .started_at = now()};
    rotation.total = rotations.count_keks(target);
    CHECK_OK(rewrap_server_keys(transaction, target));
    rotations.insert(rotation);
    audit_.append_operator(transaction, Uuid{}, rotation_entry(rotation, "operator.rotate_root"));
    return rotation;
  };
  CO_TRY(store::KeyRotationRow rotation, co_await store_.write(write));
  background_.wake(kTask);
  co_return std::move(rotation);
}

asio::awaitable<Result<store::KeyRotationRow>> Custody::rotate_vault(Uuid vault_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::KeyRotationRow> {
    store::KeyRotationRepository rotations(transaction);
    store::VaultRepository vaults(transaction);
    const auto org_id = rotations.org_of(vault_id);
    if (!org_id || !vaults.find(*org_id, vault_id)) return problems::not_found("No such vault.");
    if (rotations.unfinished_for_vault(vault_id)) {
      return problems::conflict("A rotation of that vault's key is under way.");
    }
    const auto newest = vaults.newest_kek(vault_id);
    if (!newest) return problems::internal();
    TRY(const store::VaultKekRow kek, vault_keys_.make(*org_id, vault_id, newest->version + 1));
    vaults.insert_kek(kek);
    store::KeyRotationRow rotation{.id = Uuid::v7(),
                                   .kind = "vault",
                                   .org_id = org_id,
                                   .vault_id = vault_id,
                                   .target = std::to_string(kek.version),
                                   .started_at = now()};
    rotation.total = rotations.count_deks(vault_id, kek.version);
    rotations.insert(rotation);
    audit_.append_operator(transaction, *org_id, rotation_entry(rotation, "vault.rotate_key"));
    return rotation;
  };
  CO_TRY(store::KeyRotationRow rotation, co_await store_.write(write));
  background_.wake(kTask);
  co_return std::move(rotation);
}

asio::awaitable<Result<std::string>> Custody::rotate_jwt(bool revoke_old) {
  CO_TRY(const crypto::StoredSigningKey made, keyring_.generate_signing_key());
  const TimePoint at = now();
  const TimePoint from = shared_ && !revoke_old ? at + kSpread : at;
  using Rows = std::vector<store::SigningKeyRow>;
  const auto write = [&](store::Transaction& transaction) -> Result<Rows> {
    store::KeyRepository keys(transaction);
    for (const store::SigningKeyRow& row : keys.signing_keys()) {
      if (revoke_old) {
        keys.retire_signing_key(row.kid, at - SigningKeys::kOverlap);
      } else if (!row.retired_at) {
        keys.retire_signing_key(row.kid, from);
      }
    }
    keys.insert_signing_key({.kid = made.kid,
                             .public_key = made.public_key,
                             .root_key_id = made.root_key_id,
                             .wrapped = made.blob,
                             .created_at = from,
                             .retired_at = std::nullopt});
    AuditEntry entry{.action = "operator.rotate_jwt",
                     .resource_type = "signing_key",
                     .resource_id = made.kid,
                     .details = {}};
    entry.details["revoke_old"] = revoke_old;
    audit_.append_operator(transaction, Uuid{}, std::move(entry));
    return keys.signing_keys();
  };
  CO_TRY(const Rows rows, co_await store_.write(write));
  CO_CHECK_OK(signing_keys_.load(rows, keyring_, at));
  co_return made.kid;
}

asio::awaitable<Result<void>> Custody::forget_root(std::string root_key_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const std::int64_t wrapped =
        store::KeyRotationRepository(transaction).count_wrapped_by(root_key_id);
    if (wrapped > 0) {
      return problems::conflict("That root key still wraps " + std::to_string(wrapped) + " keys.");
    }
    AuditEntry entry{.action = "operator.forget_root",
                     .resource_type = "keyring",
                     .resource_id = root_key_id,
                     .details = {}};
    audit_.append_operator(transaction, Uuid{}, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  co_return keyring_.forget(root_key_id);
}

asio::awaitable<Result<CustodyReport>> Custody::report() {
  const auto read = [&](store::Transaction& transaction) -> Result<CustodyReport> {
    CustodyReport report{store::KeyRotationRepository(transaction).list(kMostReported),
                         store::KeyRepository(transaction).signing_keys()};
    for (auto& key : report.signing_keys) key.wrapped.clear();
    return report;
  };
  co_return co_await store_.read(read);
}

asio::awaitable<Result<void>> Custody::record(std::string action, boost::json::object details) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    audit_.append_operator(
        transaction, Uuid{},
        {.action = action, .resource_type = "keyring", .resource_id = {}, .details = details});
    return {};
  };
  co_return co_await store_.write(write);
}

asio::awaitable<void> Custody::work() {
  using Found = std::optional<store::KeyRotationRow>;
  const auto next = [&](store::Transaction& transaction) -> Result<Found> {
    return store::KeyRotationRepository(transaction).unfinished();
  };
  while (!background_.stopping()) {
    Result<Found> rotation = co_await store_.read(next);
    if (!rotation.ok() || !*rotation) break;
    const auto started = std::chrono::steady_clock::now();
    const Result<void> done = co_await work_batch(std::move(**rotation));
    if (!done.ok()) {
      spdlog::warn("rotation pauses: {}", done.problem().detail);
      break;  // the next period tries again
    }
    const auto took = std::chrono::steady_clock::now() - started;
    co_await pause_for(
        std::clamp<std::chrono::steady_clock::duration>(took, kLeastPause, kMostPause));
  }
  // At the start nobody holds rows from before.
  const TimePoint before = started_ ? now() - kKeptFor : now() + kKeptFor;
  const Result<void> cleaned = co_await clean_up(before);
  started_ = cleaned.ok();
}

asio::awaitable<Result<void>> Custody::clean_up(TimePoint finished_before) {
  const TimePoint at = now();
  const auto look = [&](store::Transaction& transaction) -> Result<bool> {
    if (!store::KeyRotationRepository(transaction).to_clean(finished_before).empty()) return true;
    for (const auto& key : store::KeyRepository(transaction).signing_keys()) {
      if (key.retired_at && *key.retired_at + SigningKeys::kOverlap < at) return true;
    }
    return false;
  };
  CO_TRY(const bool needed, co_await store_.read(look));
  if (!needed) co_return Result<void>();
  using Rows = std::vector<store::SigningKeyRow>;
  const auto write = [&](store::Transaction& transaction) -> Result<Rows> {
    store::KeyRotationRepository rotations(transaction);
    for (store::KeyRotationRow& rotation : rotations.to_clean(finished_before)) {
      if (rotation.kind == "vault") {
        rotations.remove_unused_keks(*rotation.vault_id, kek_version_of(rotation));
      }
      rotation.cleaned_at = at;
      rotations.update(rotation);
    }
    store::KeyRepository keys(transaction);
    keys.remove_retired_signing_keys(at - SigningKeys::kOverlap);
    return keys.signing_keys();
  };
  CO_TRY(const Rows rows, co_await store_.write(write));
  co_return signing_keys_.load(rows, keyring_, at);
}

}  // namespace oneclaw::service

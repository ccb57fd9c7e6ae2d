// Custody's background work: what an older key wrapped is wrapped by the new one, batch by batch.
#include <map>
#include <utility>

#include "crypto/envelope.h"
#include "service/custody.h"
#include "service/env_var_values.h"
#include "service/server_keys.h"
#include "store/env_var_repository.h"
#include "store/secret_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

AuditEntry rotation_entry(const store::KeyRotationRow& rotation, std::string action) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = rotation.kind == "vault" ? "vault" : "keyring",
                   .resource_id = rotation.vault_id ? rotation.vault_id->to_string() : "",
                   .details = {}};
  entry.details["rotation_id"] = rotation.id.to_string();
  entry.details["target"] = rotation.target;
  return entry;
}

std::int64_t kek_version_of(const store::KeyRotationRow& rotation) {
  return std::stoll(rotation.target);
}

Result<void> Custody::rewrap_server_keys(store::Transaction& transaction,
                                         const std::string& target) {
  store::KeyRepository keys(transaction);
  const auto rewrap = [&](const std::string& root, const Bytes& blob,
                          const Bytes& aad) -> Result<crypto::WrappedKey> {
    TRY(const SecureBytes key, keyring_.unwrap({root, blob}, aad));
    return keyring_.wrap(key, aad);
  };
  for (const store::ServerKeyRow& row : keys.server_keys()) {
    if (row.root_key_id == target) continue;
    TRY(const auto wrapped, rewrap(row.root_key_id, row.wrapped, server_key_aad(row.name)));
    keys.rewrap_server_key(row.name, wrapped.root_key_id, wrapped.blob);
  }
  for (const store::SigningKeyRow& row : keys.signing_keys()) {
    if (row.root_key_id == target || row.root_key_id == crypto::kHeldInToken) continue;
    TRY(const auto wrapped, rewrap(row.root_key_id, row.wrapped, crypto::signing_key_aad(row.kid)));
    keys.rewrap_signing_key(row.kid, wrapped.root_key_id, wrapped.blob);
  }
  return {};
}

asio::awaitable<Result<void>> Custody::work_batch(store::KeyRotationRow rotation) {
  if (rotation.kind == "vault") co_return co_await rewrap_deks(std::move(rotation));
  co_return co_await rewrap_keks(std::move(rotation));
}

void Custody::finish(store::Transaction& transaction, store::KeyRotationRow& rotation) {
  rotation.finished_at = now();
  AuditEntry entry = rotation_entry(
      rotation, rotation.kind == "vault" ? "vault.rotate_key_done" : "operator.rotate_root_done");
  entry.details["rewrapped"] = rotation.done - rotation.failed;
  entry.details["failed"] = rotation.failed;
  audit_.append_operator(transaction, rotation.org_id.value_or(Uuid{}), std::move(entry));
}

asio::awaitable<Result<void>> Custody::rewrap_deks(store::KeyRotationRow rotation) {
  const std::int64_t target = kek_version_of(rotation);
  struct Batch {
    std::vector<store::DekRow> deks;
    bool of_env_vars = false;  ///< else of versions
    std::map<std::int64_t, store::VaultKekRow> keks;
  };
  const auto read = [&](store::Transaction& transaction) -> Result<Batch> {
    Batch batch;
    store::KeyRotationRepository rotations(transaction);
    batch.deks = rotations.deks(rotation, target, kBatch);
    if (batch.deks.empty()) {
      batch.of_env_vars = true;
      batch.deks = rotations.env_var_deks(rotation, target, kBatch);
    }
    store::VaultRepository vaults(transaction);
    const auto add = [&](std::int64_t version) {
      if (batch.keks.contains(version)) return;
      if (auto kek = vaults.kek(*rotation.vault_id, version)) batch.keks[version] = *kek;
    };
    add(target);
    for (const store::DekRow& dek : batch.deks) add(dek.kek_version);
    return batch;
  };
  CO_TRY(Batch batch, co_await store_.read(read));

  std::map<std::int64_t, std::shared_ptr<const Key256>> keys;
  for (const auto& [version, row] : batch.keks) {
    CO_TRY(keys[version], vault_keys_.unwrap(*rotation.org_id, row));
  }
  // Off the writer's thread; the DEK of a row that was tampered with stays as it is.
  std::vector<std::optional<Bytes>> rewrapped;
  for (const store::DekRow& dek : batch.deks) {
    crypto::VersionBinding binding;
    binding.org_id = *rotation.org_id;
    binding.vault_id = *rotation.vault_id;
    binding.secret_id = dek.id;
    binding.path = batch.of_env_vars ? sealed_env_var_path(dek.path) : dek.path;
    binding.version = dek.version;
    rewrapped.emplace_back();
    const auto old_key = keys.find(dek.kek_version);
    if (old_key == keys.end() || !keys.contains(target)) continue;
    auto wrapped = crypto::rewrap_dek(*old_key->second, dek.kek_version, *keys[target], target,
                                      binding, dek.wrapped_dek);
    if (wrapped.ok()) rewrapped.back() = std::move(*wrapped);
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::KeyRotationRow progress = rotation;
    store::SecretRepository secrets(transaction);
    store::EnvVarRepository variables(transaction);
    for (std::size_t i = 0; i < batch.deks.size(); ++i) {
      const store::DekRow& dek = batch.deks[i];
      bool done = rewrapped[i].has_value();
      if (batch.of_env_vars) {
        if (done) variables.rewrap(dek.id, dek.version, dek.kek_version, target, *rewrapped[i]);
        progress.cursor_id = dek.id;
      } else {
        done = done && secrets.rewrap(dek.id, dek.version, dek.kek_version, target, *rewrapped[i]);
        progress.cursor_path = dek.path;
        progress.cursor_version = dek.version;
      }
      ++progress.done;
      if (!done) ++progress.failed;
    }
    if (batch.deks.empty()) finish(transaction, progress);
    store::KeyRotationRepository(transaction).update(progress);
    return {};
  };
  co_return co_await store_.write(*rotation.org_id, write);
}

asio::awaitable<Result<void>> Custody::rewrap_keks(store::KeyRotationRow rotation) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::KekRow>> {
    return store::KeyRotationRepository(transaction).keks(rotation, kBatch);
  };
  CO_TRY(std::vector<store::KekRow> keks, co_await store_.read(read));
  std::vector<std::optional<crypto::WrappedKey>> rewrapped;
  for (const store::KekRow& kek : keks) {
    const Bytes aad = crypto::kek_aad(kek.org_id, kek.vault_id, kek.version);
    rewrapped.emplace_back();
    auto key = keyring_.unwrap({kek.root_key_id, kek.wrapped}, aad);
    if (!key.ok()) {
      // A keyring that isn't there may come back; a KEK that doesn't open never will.
      if (key.problem().status == 503) co_return std::move(key).problem();
      continue;
    }
    CO_TRY(rewrapped.back(), keyring_.wrap(*key, aad));
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::KeyRotationRepository rotations(transaction);
    store::KeyRotationRow progress = rotation;
    for (std::size_t i = 0; i < keks.size(); ++i) {
      ++progress.done;
      store::KekRow kek = keks[i];
      const std::string from = kek.root_key_id;
      bool kept = false;
      if (rewrapped[i]) {
        kek.root_key_id = rewrapped[i]->root_key_id;
        kek.wrapped = rewrapped[i]->blob;
        kept = rotations.rewrap_kek(kek, from);
      }
      if (!kept) ++progress.failed;
      progress.cursor_id = kek.vault_id;
      progress.cursor_version = kek.version;
    }
    if (keks.empty()) finish(transaction, progress);
    rotations.update(progress);
    return {};
  };
  co_return co_await store_.write(write);
}

}  // namespace oneclaw::service

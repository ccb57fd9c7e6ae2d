#include "service/vault_keys.h"

#include "crypto/envelope.h"

namespace oneclaw::service {

Result<store::VaultKekRow> VaultKeys::make(const Uuid& org_id, const Uuid& vault_id,
                                           std::int64_t version) {
  const Key256 key = Key256::random();
  TRY(crypto::WrappedKey wrapped,
      keyring_.wrap(key.view(), crypto::kek_aad(org_id, vault_id, version)));
  return store::VaultKekRow{.vault_id = vault_id,
                            .version = version,
                            .root_key_id = std::move(wrapped.root_key_id),
                            .wrapped = std::move(wrapped.blob),
                            .created_at = now()};
}

Result<std::shared_ptr<const Key256>> VaultKeys::unwrap(const Uuid& org_id,
                                                        const store::VaultKekRow& row) {
  const std::pair id{row.vault_id, row.version};
  const TimePoint at = now();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(id); found != index_.end()) {
      if (found->second->until > at) {
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->key;
      }
      entries_.erase(found->second);
      index_.erase(found);
    }
  }
  const crypto::WrappedKey wrapped{.root_key_id = row.root_key_id, .blob = row.wrapped};
  TRY(const SecureBytes raw,
      keyring_.unwrap(wrapped, crypto::kek_aad(org_id, row.vault_id, row.version)));
  if (raw.size() != Key256::kSize) return problems::internal();
  auto key = std::make_shared<const Key256>(ByteView(raw));
  const std::lock_guard lock(mutex_);
  if (index_.contains(id)) return key;
  entries_.push_front({row.vault_id, row.version, key, at + kCachedFor});
  index_[id] = entries_.begin();
  if (entries_.size() > kMostCached) {
    index_.erase({entries_.back().vault_id, entries_.back().version});
    entries_.pop_back();
  }
  return key;
}

}  // namespace oneclaw::service

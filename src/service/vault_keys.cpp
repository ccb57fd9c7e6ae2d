#include "service/vault_keys.h"

#include <iterator>

#include "crypto/envelope.h"

namespace oneclaw::service {

namespace asio = boost::asio;

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

std::shared_ptr<const Key256> VaultKeys::find(const store::VaultKekRow& row) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find({row.vault_id, row.version});
  if (found == index_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  if (entry->until <= now() || entry->wrapped != row.wrapped) {
    drop(found);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->key;
}

Result<std::shared_ptr<const Key256>> VaultKeys::unwrap(const Uuid& org_id,
                                                        const store::VaultKekRow& row) {
  if (auto kept = find(row)) return kept;
  const TimePoint until = now() + kCachedFor;
  const crypto::WrappedKey wrapped{.root_key_id = row.root_key_id, .blob = row.wrapped};
  TRY(const SecureBytes raw,
      keyring_.unwrap(wrapped, crypto::kek_aad(org_id, row.vault_id, row.version)));
  if (raw.size() != Key256::kSize) return problems::internal();
  auto key = std::make_shared<const Key256>(ByteView(raw));
  const std::pair id{row.vault_id, row.version};
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(id); found != index_.end()) drop(found);
  entries_.push_front({row.vault_id, row.version, row.wrapped, key, until});
  index_[id] = entries_.begin();
  if (entries_.size() > kMostCached) {
    drop(index_.find({entries_.back().vault_id, entries_.back().version}));
  }
  return key;
}

asio::awaitable<Result<std::shared_ptr<const Key256>>> VaultKeys::get(
    Uuid org_id, std::shared_ptr<const store::VaultKekRow> row) {
  if (auto kept = find(*row)) co_return kept;
  const auto work = [&] { return unwrap(org_id, *row); };
  co_return co_await pool_.run(work);
}

void VaultKeys::drop_expired() {
  const TimePoint at = now();
  const std::lock_guard lock(mutex_);
  for (auto entry = index_.begin(); entry != index_.end();) {
    const auto next = std::next(entry);
    if (entry->second->until <= at) drop(entry);
    entry = next;
  }
}

void VaultKeys::drop(Index::iterator entry) {
  entries_.erase(entry->second);
  index_.erase(entry);
}

}  // namespace oneclaw::service

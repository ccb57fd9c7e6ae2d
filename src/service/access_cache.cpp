#include "service/access_cache.h"

#include <utility>

namespace oneclaw::service {

namespace asio = boost::asio;

using store::Topic;

std::optional<Result<VaultAccess>> AccessCache::find(const Caller& caller, const Uuid& vault_id) {
  const Principal& principal = caller.principal;
  auto grants = grants_.find(key_of(principal, vault_id));
  const store::ChangeClock& clock = store_.clock();
  if (!grants || !clock.unchanged_since(grants->mark, Topic::kVault, vault_id) ||
      !clock.unchanged_since(grants->mark, Topic::kPolicy, principal.id)) {
    return std::nullopt;
  }
  return VaultAccess::of(std::move(grants), caller);
}

Result<VaultAccess> AccessCache::load(store::Transaction& transaction, const Caller& caller,
                                      const Uuid& vault_id) {
  const Principal& principal = caller.principal;
  auto grants = grants_.find(key_of(principal, vault_id));
  if (grants && transaction.unchanged_since(grants->mark, Topic::kVault, vault_id) &&
      transaction.unchanged_since(grants->mark, Topic::kPolicy, principal.id)) {
    return VaultAccess::of(std::move(grants), caller);
  }
  TRY(grants, VaultGrants::load(transaction, principal, vault_id));
  // A write may see what is never committed.
  if (!transaction.writes()) {
    grants_.put(key_of(principal, vault_id), grants,
                sizeof(VaultGrants) + grants->policies.bytes() + grants->vault.description.size());
  }
  return VaultAccess::of(std::move(grants), caller);
}

asio::awaitable<Result<VaultAccess>> AccessCache::get(const Caller& caller, Uuid vault_id) {
  if (auto found = find(caller, vault_id)) co_return std::move(*found);
  const auto read = [&](store::Transaction& transaction) {
    return load(transaction, caller, vault_id);
  };
  co_return co_await store_.read(read);
}

}  // namespace oneclaw::service

#include "service/api_keys.h"

#include <algorithm>
#include <utility>

#include "crypto/api_key.h"
#include "domain/scopes.h"
#include "service/mail_texts.h"
#include "store/user_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry key_entry(std::string action, std::string key_id) {
  return {.action = std::move(action),
          .resource_type = "api_key",
          .resource_id = std::move(key_id),
          .details = {}};
}

/// Whether a key of `scopes` could do nothing that a token of `granted` can't.
bool is_as_narrow(const std::vector<std::string>& scopes, const std::vector<std::string>& granted) {
  if (granted.empty()) return true;
  return !scopes.empty() && std::ranges::all_of(scopes, [&](const std::string& scope) {
    return domain::scopes_cover(granted, scope);
  });
}

}  // namespace

asio::awaitable<Result<CreatedApiKey>> ApiKeys::create(Caller& caller, std::string name,
                                                       std::vector<std::string> scopes,
                                                       std::optional<TimePoint> expires_at) {
  CO_CHECK_OK(domain::validate_scopes(scopes));
  const Principal& principal = caller.principal;
  if (!is_as_narrow(scopes, principal.scopes)) {
    co_return problems::forbidden("A key can't have scopes that this token doesn't have.");
  }
  crypto::NewApiKey key = crypto::generate_api_key(mac_key_, crypto::kPersonalKeyPrefix);
  const store::ApiKeyRow row{.id = Uuid::v7(),
                             .org_id = principal.org_id,
                             .user_id = principal.id,
                             .name = std::move(name),
                             .lookup = key.lookup,
                             .mac = Bytes(key.mac.begin(), key.mac.end()),
                             .scopes = std::move(scopes),
                             .is_active = true,
                             .created_at = now(),
                             .expires_at = expires_at,
                             .last_used_at = std::nullopt};
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::ApiKeyRepository(transaction).insert(row);
    if (const auto user = store::UserRepository(transaction).find(principal.id)) {
      outbox_.enqueue_email(transaction, row.org_id, mail::api_key_created(user->email, row.name));
    }
    audit_.append(transaction, caller, key_entry("api_key.create", row.id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return CreatedApiKey{row, std::move(key.text)};
}

asio::awaitable<Result<std::vector<store::ApiKeyRow>>> ApiKeys::list(Caller& caller) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::ApiKeyRow>> {
    return store::ApiKeyRepository(transaction).list(caller.principal.id);
  };
  CO_TRY(auto keys, co_await store_.read(read));
  AuditEntry entry = key_entry("api_key.list", {});
  entry.details["count"] = keys.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(keys);
}

asio::awaitable<Result<void>> ApiKeys::revoke(Caller& caller, Uuid key_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const Principal& principal = caller.principal;
    if (!store::ApiKeyRepository(transaction).revoke(principal.org_id, principal.id, key_id)) {
      return problems::not_found("No such API key.");
    }
    audit_.append(transaction, caller, key_entry("api_key.revoke", key_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

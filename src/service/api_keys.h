// Use cases of personal API keys.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "store/api_key_repository.h"
#include "store/store.h"

namespace oneclaw::service {

struct CreatedApiKey {
  store::ApiKeyRow key;
  SecureString text;  ///< shown this once
};

class ApiKeys {
 public:
  ApiKeys(store::Store& store, const Key256& mac_key, AuditLog& audit, const Outbox& outbox)
      : store_(store), mac_key_(mac_key), audit_(audit), outbox_(outbox) {}

  /// 403 when the caller's own token is narrowed and the new key would not be at least as narrow.
  boost::asio::awaitable<Result<CreatedApiKey>> create(Caller& caller, std::string name,
                                                       std::vector<std::string> scopes,
                                                       std::optional<TimePoint> expires_at);
  boost::asio::awaitable<Result<std::vector<store::ApiKeyRow>>> list(Caller& caller);
  /// Ends the key, and every token that came of it, at once.
  boost::asio::awaitable<Result<void>> revoke(Caller& caller, Uuid key_id);

 private:
  store::Store& store_;
  const Key256& mac_key_;
  AuditLog& audit_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

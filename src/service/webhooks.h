// Use cases of webhooks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/field_seal.h"
#include "store/store.h"
#include "store/webhook_repository.h"

namespace oneclaw::service {

inline constexpr std::string_view kWebhookSecretColumn = "webhooks.secret_sealed";
inline constexpr std::int64_t kMostWebhooks = 20;  ///< of an org
inline constexpr std::size_t kMostWebhookEvents = 64;

struct CreatedWebhook {
  store::WebhookRow webhook;
  SecureString secret;  ///< whsec_…; shown this once
};

/// What is given is changed.
struct WebhookUpdate {
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> events;
  std::optional<std::string> description;
  std::optional<bool> is_active;
};

/// For the org's owners and admins alone: 403 for others.
class Webhooks {
 public:
  Webhooks(store::Store& store, const FieldSeal& seal, AuditLog& audit, bool allow_private)
      : store_(store), seal_(seal), audit_(audit), allow_private_(allow_private) {}

  /// 400 "url" or "events[i]"; 409 when the org has kMostWebhooks.
  boost::asio::awaitable<Result<CreatedWebhook>> create(Caller& caller, std::string url,
                                                        std::vector<std::string> events,
                                                        std::string description);
  boost::asio::awaitable<Result<std::vector<store::WebhookRow>>> list(Caller& caller);
  boost::asio::awaitable<Result<store::WebhookRow>> get(Caller& caller, Uuid id);
  boost::asio::awaitable<Result<store::WebhookRow>> update(Caller& caller, Uuid id,
                                                           WebhookUpdate update);
  /// What waits to be delivered to it goes too.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid id);

 private:
  store::Store& store_;
  const FieldSeal& seal_;
  AuditLog& audit_;
  bool allow_private_;
};

}  // namespace oneclaw::service

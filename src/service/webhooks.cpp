#include "service/webhooks.h"

#include <utility>

#include "service/event_types.h"
#include "service/webhook_sender.h"
#include "store/outbox_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry webhook_entry(std::string action, std::string id) {
  return {.action = std::move(action),
          .resource_type = "webhook",
          .resource_id = std::move(id),
          .details = {}};
}

Result<void> require_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may do that.");
}

Problem no_such_webhook() {
  return problems::not_found("No such webhook.");
}

Result<void> validate_events(const std::vector<std::string>& events) {
  if (events.empty() || events.size() > kMostWebhookEvents) {
    return problems::validation("events", "must have 1 to 64 event types");
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (is_event_pattern(events[i])) continue;
    return problems::validation("events[" + std::to_string(i) + "]",
                                "must be an event type, such as secret.created, secret.* or *");
  }
  return {};
}

}  // namespace

asio::awaitable<Result<CreatedWebhook>> Webhooks::create(Caller& caller, std::string url,
                                                         std::vector<std::string> events,
                                                         std::string description) {
  CO_CHECK_OK(require_admin(caller));
  CO_CHECK_OK(validate_webhook_url(url, allow_private_));
  CO_CHECK_OK(validate_events(events));
  SecureString secret = new_webhook_secret();
  const TimePoint at = now();
  store::WebhookRow row{.id = Uuid::v7(),
                        .org_id = caller.principal.org_id,
                        .url = std::move(url),
                        .events = std::move(events),
                        .description = std::move(description),
                        .is_active = true,
                        .secret_sealed = {},
                        .created_by = caller.principal.id,
                        .created_at = at,
                        .updated_at = at};
  CO_TRY(row.secret_sealed, seal_.seal(kWebhookSecretColumn, row.id, secret.bytes()));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::WebhookRepository webhooks(transaction);
    if (webhooks.count(row.org_id) >= kMostWebhooks) {
      return problems::conflict("The org has 20 webhooks, which is the most it can have.");
    }
    webhooks.insert(row);
    audit_.append(transaction, caller, webhook_entry("webhook.create", row.id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return CreatedWebhook{std::move(row), std::move(secret)};
}

asio::awaitable<Result<std::vector<store::WebhookRow>>> Webhooks::list(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::WebhookRow>> {
    return store::WebhookRepository(transaction).list(caller.principal.org_id);
  };
  CO_TRY(auto webhooks, co_await store_.read(read));
  AuditEntry entry = webhook_entry("webhook.list", {});
  entry.details["count"] = webhooks.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(webhooks);
}

asio::awaitable<Result<store::WebhookRow>> Webhooks::get(Caller& caller, Uuid id) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<store::WebhookRow> {
    auto webhook = store::WebhookRepository(transaction).find(caller.principal.org_id, id);
    if (!webhook) return no_such_webhook();
    return std::move(*webhook);
  };
  CO_TRY(store::WebhookRow webhook, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, webhook_entry("webhook.read", id.to_string())));
  co_return std::move(webhook);
}

asio::awaitable<Result<store::WebhookRow>> Webhooks::update(Caller& caller, Uuid id,
                                                            WebhookUpdate update) {
  CO_CHECK_OK(require_admin(caller));
  if (update.url) CO_CHECK_OK(validate_webhook_url(*update.url, allow_private_));
  if (update.events) CO_CHECK_OK(validate_events(*update.events));
  const auto write = [&](store::Transaction& transaction) -> Result<store::WebhookRow> {
    store::WebhookRepository webhooks(transaction);
    auto row = webhooks.find(caller.principal.org_id, id);
    if (!row) return no_such_webhook();
    if (update.url) row->url = *update.url;
    if (update.events) row->events = *update.events;
    if (update.description) row->description = *update.description;
    if (update.is_active) row->is_active = *update.is_active;
    row->updated_at = now();
    webhooks.update(*row);
    AuditEntry entry = webhook_entry("webhook.update", id.to_string());
    entry.details["is_active"] = row->is_active;
    audit_.append(transaction, caller, std::move(entry));
    return std::move(*row);
  };
  CO_TRY(store::WebhookRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<void>> Webhooks::remove(Caller& caller, Uuid id) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    if (!store::WebhookRepository(transaction).remove(caller.principal.org_id, id)) {
      return no_such_webhook();
    }
    store::OutboxRepository(transaction).remove_for_webhook(id);
    audit_.append(transaction, caller, webhook_entry("webhook.delete", id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

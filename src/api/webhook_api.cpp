// /v1/webhooks
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/webhooks.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Webhooks;

namespace {

constexpr JsonBody::TextRule kUrlRule{.least = 1, .most = 2048};

json::object webhook_json(const store::WebhookRow& webhook, json::storage_ptr storage = {}) {
  json::object body(std::move(storage));
  body["id"] = webhook.id.to_string();
  body["url"] = webhook.url;
  body["events"] = to_json_array(webhook.events);
  body["description"] = webhook.description;
  body["is_active"] = webhook.is_active;
  body["created_at"] = to_rfc3339(webhook.created_at);
  body["updated_at"] = to_rfc3339(webhook.updated_at);
  set_time(body, "last_success_at", webhook.last_success_at);
  set_time(body, "last_failure_at", webhook.last_failure_at);
  if (webhook.last_failure) body["last_failure"] = *webhook.last_failure;
  return body;
}

Reply create(Webhooks& webhooks, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string url = body.required_text("url", kUrlRule);
  if (!body.has("events")) body.mistake("events", "is required");
  auto events = body.texts("events", service::kMostWebhookEvents);
  std::string description = body.text("description", {}).value_or("");
  CO_CHECK_OK(body.check());
  CO_TRY(const service::CreatedWebhook created,
         co_await webhooks.create(request.caller, std::move(url), std::move(*events),
                                  std::move(description)));
  json::object answer = webhook_json(created.webhook, wiping_storage());
  answer["secret"] = created.secret.view();
  co_return secret_reply(201, answer);
}

Reply list(Webhooks& webhooks, Request& request) {
  CO_TRY(const auto rows, co_await webhooks.list(request.caller));
  json::object answer;
  answer["webhooks"] =
      list_of(rows, [](const store::WebhookRow& row) { return webhook_json(row); });
  co_return json_reply(200, answer);
}

Reply get(Webhooks& webhooks, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(const store::WebhookRow webhook, co_await webhooks.get(request.caller, id));
  co_return json_reply(200, webhook_json(webhook));
}

Reply update(Webhooks& webhooks, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::WebhookUpdate update;
  update.url = body.text("url", kUrlRule);
  update.events = body.texts("events", service::kMostWebhookEvents);
  update.description = body.text("description", {});
  update.is_active = body.boolean("is_active");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::WebhookRow webhook,
         co_await webhooks.update(request.caller, id, std::move(update)));
  co_return json_reply(200, webhook_json(webhook));
}

Reply remove(Webhooks& webhooks, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_CHECK_OK(co_await webhooks.remove(request.caller, id));
  co_return empty_reply();
}

}  // namespace

void add_webhook_routes(http::Router& router, Webhooks& webhooks) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(Webhooks&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/webhooks" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, webhooks)});
  };
  add(kPost, "", "webhook.create", "webhooks:write", create);
  add(kGet, "", "webhook.list", "webhooks:read", list);
  add(kGet, "/{id}", "webhook.read", "webhooks:read", get);
  add(kPatch, "/{id}", "webhook.update", "webhooks:write", update);
  add(kDelete, "/{id}", "webhook.delete", "webhooks:write", remove);
}

}  // namespace oneclaw::api

// /v1/auth/api-keys
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/api_keys.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::ApiKeys;

namespace {

json::object key_json(const store::ApiKeyRow& key) {
  json::object body;
  body["id"] = key.id.to_string();
  body["name"] = key.name;
  body["key_prefix"] = key.lookup;
  body["scopes"] = to_json_array(key.scopes);
  body["is_active"] = key.is_active;
  body["created_at"] = to_rfc3339(key.created_at);
  set_time(body, "expires_at", key.expires_at);
  set_time(body, "last_used_at", key.last_used_at);
  return body;
}

Reply create(ApiKeys& keys, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string name = body.required_text("name", {.least = 1, .most = 200});
  std::vector<std::string> scopes = body.texts("scopes", 64).value_or(std::vector<std::string>());
  const std::optional<TimePoint> expires_at = body.time("expires_at");
  if (expires_at && *expires_at <= now()) body.mistake("expires_at", "must be in the future");
  CO_CHECK_OK(body.check());
  CO_TRY(const service::CreatedApiKey created,
         co_await keys.create(request.caller, std::move(name), std::move(scopes), expires_at));
  json::object answer(wiping_storage());
  answer["key"] = key_json(created.key);
  answer["api_key"] = created.text.view();
  co_return secret_reply(201, answer);
}

Reply list(ApiKeys& keys, Request& request) {
  CO_TRY(const auto rows, co_await keys.list(request.caller));
  json::object answer;
  answer["keys"] = list_of(rows, key_json);
  co_return json_reply(200, answer);
}

Reply revoke(ApiKeys& keys, Request& request) {
  CO_TRY(const Uuid key_id, request.path_uuid("key_id"));
  CO_CHECK_OK(co_await keys.revoke(request.caller, key_id));
  co_return empty_reply();
}

}  // namespace

void add_api_key_routes(http::Router& router, ApiKeys& keys) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, std::string action,
                       std::string scope, Reply (*handler)(ApiKeys&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, keys)});
  };
  add(kPost, "/v1/auth/api-keys", "api_key.create", "keys:write", create);
  add(kGet, "/v1/auth/api-keys", "api_key.list", "keys:read", list);
  add(kDelete, "/v1/auth/api-keys/{key_id}", "api_key.revoke", "keys:write", revoke);
}

}  // namespace oneclaw::api

// /v1/agents
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/agents.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Agents;

namespace {

constexpr std::int64_t kLeastTokenSeconds = 60;
constexpr std::int64_t kMostTokenSeconds = 86'400;
constexpr std::size_t kMostScopes = 64;
constexpr std::size_t kMostVaults = 256;

/// What AgentResponse and AgentSelfResponse share.
json::object common_json(const store::AgentRow& agent) {
  json::object body;
  body["id"] = agent.id.to_string();
  body["name"] = agent.name;
  body["description"] = agent.description;
  body["scopes"] = to_json_array(agent.scopes);
  body["is_active"] = agent.is_active;
  body["intents_api_enabled"] = false;
  body["shroud_enabled"] = false;
  body["created_by"] = agent.created_by.to_string();
  body["created_at"] = to_rfc3339(agent.created_at);
  set_time(body, "expires_at", agent.expires_at);
  set_time(body, "last_active_at", agent.last_active_at);
  body["ssh_public_key"] = agent.ssh_public_key;
  body["ecdh_public_key"] = agent.ecdh_public_key;
  return body;
}

json::object agent_json(const store::AgentRow& agent) {
  json::object body = common_json(agent);
  body["auth_method"] = agent.auth_method;
  body["vault_ids"] = to_json_array(agent.vault_ids);
  body["token_ttl_seconds"] =
      agent.token_ttl_seconds ? json::value(*agent.token_ttl_seconds) : json::value(nullptr);
  set_time(body, "api_key_expires_at", agent.api_key_expires_at);
  return body;
}

void check_auth_method(JsonBody& body) {
  const auto method = body.text("auth_method", {.least = 1, .most = 64});
  if (method && *method != "api_key") body.mistake("auth_method", "must be api_key");
}

std::optional<TimePoint> future_time(JsonBody& body, std::string_view field) {
  const auto time = body.time(field);
  if (time && *time <= now()) body.mistake(field, "must be in the future");
  return time;
}

Reply create(Agents& agents, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewAgent agent;
  agent.name = body.required_text("name", {.least = 1, .most = 200});
  agent.description = body.text("description", {.least = 0, .most = kMostTextBytes}).value_or("");
  check_auth_method(body);
  agent.scopes = body.texts("scopes", kMostScopes).value_or(std::vector<std::string>());
  agent.vault_ids = body.uuids("vault_ids", kMostVaults).value_or(std::vector<Uuid>());
  agent.token_ttl_seconds =
      body.integer("token_ttl_seconds", kLeastTokenSeconds, kMostTokenSeconds);
  agent.expires_at = future_time(body, "expires_at");
  agent.api_key_expires_at = future_time(body, "api_key_expires_at");
  CO_CHECK_OK(body.check());
  CO_TRY(const service::CreatedAgent created,
         co_await agents.create(request.caller, std::move(agent)));
  json::object answer(wiping_storage());
  answer["agent"] = agent_json(created.agent);
  answer["api_key"] = created.api_key.view();
  co_return secret_reply(201, answer);
}

Reply list(Agents& agents, Request& request) {
  CO_TRY(const auto rows, co_await agents.list(request.caller));
  json::object answer;
  answer["agents"] = list_of(rows, agent_json);
  co_return json_reply(200, answer);
}

Reply self(Agents& agents, Request& request) {
  CO_TRY(const store::AgentRow agent, co_await agents.self(request.caller));
  json::object body = common_json(agent);
  body["org_id"] = agent.org_id.to_string();
  co_return json_reply(200, body);
}

Reply get(Agents& agents, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const store::AgentRow agent, co_await agents.get(request.caller, agent_id));
  co_return json_reply(200, agent_json(agent));
}

Reply update(Agents& agents, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::AgentUpdate update;
  update.name = body.text("name", {.least = 1, .most = 200});
  update.scopes = body.texts("scopes", kMostScopes);
  update.vault_ids = body.uuids("vault_ids", kMostVaults);
  update.is_active = body.boolean("is_active");
  update.token_ttl_seconds =
      body.integer("token_ttl_seconds", kLeastTokenSeconds, kMostTokenSeconds);
  update.clear_token_ttl = body.is_null("token_ttl_seconds");
  update.expires_at = body.time("expires_at");
  update.clear_expires_at = body.is_null("expires_at");
  update.api_key_expires_at = body.time("api_key_expires_at");
  update.clear_api_key_expires_at = body.is_null("api_key_expires_at");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::AgentRow agent,
         co_await agents.update(request.caller, agent_id, std::move(update)));
  co_return json_reply(200, agent_json(agent));
}

Reply remove(Agents& agents, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_CHECK_OK(co_await agents.remove(request.caller, agent_id));
  co_return empty_reply();
}

Reply rotate_key(Agents& agents, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const SecureString key, co_await agents.rotate_key(request.caller, agent_id));
  json::object answer(wiping_storage());
  answer["api_key"] = key.view();
  co_return secret_reply(200, answer);
}

}  // namespace

void add_agent_routes(http::Router& router, Agents& agents) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, http::Access access,
                       std::string action, std::string scope, Reply (*handler)(Agents&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, agents)});
  };
  using enum http::Access;
  add(kPost, "/v1/agents", kUser, "agent.create", "agents:write", create);
  add(kGet, "/v1/agents", kUser, "agent.list", "agents:read", list);
  add(kGet, "/v1/agents/me", kPrincipal, "agent.self", {}, self);
  add(kGet, "/v1/agents/{agent_id}", kPrincipal, "agent.read", "agents:read", get);
  add(kPatch, "/v1/agents/{agent_id}", kUser, "agent.update", "agents:write", update);
  add(kDelete, "/v1/agents/{agent_id}", kUser, "agent.delete", "agents:write", remove);
  add(kPost, "/v1/agents/{agent_id}/rotate-key", kUser, "agent.rotate_key", "agents:write",
      rotate_key);
}

}  // namespace oneclaw::api

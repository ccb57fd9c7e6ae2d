// /v1/agents/{agent_id}/bindings, /execute and /executions
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "base/encoding.h"
#include "service/bindings.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Bindings;

namespace {

constexpr std::size_t kMostObjectBytes = 32U * 1024;
constexpr std::size_t kMostCredentialBytes = 64U * 1024;
constexpr std::size_t kMostParamsBytes = 768U * 1024;

json::object binding_json(const store::BindingRow& row) {
  json::object body;
  body["id"] = row.id.to_string();
  body["agent_id"] = row.agent_id.to_string();
  body["binding_type"] = row.binding_type;
  body["name"] = row.name;
  set_json(body, "config", row.config);
  set_json(body, "guardrails", row.guardrails);
  body["is_active"] = row.is_active;
  body["credential_set"] = row.credential_sealed || row.credential_vault_id;
  const auto text_or_null = [](const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value(nullptr);
  };
  body["credential_source_type"] = row.credential_vault_id ? json::value("vault_ref")
                                   : row.credential_sealed ? json::value("inline")
                                                           : json::value(nullptr);
  body["credential_vault_id"] = row.credential_vault_id
                                    ? json::value(row.credential_vault_id->to_string())
                                    : json::value(nullptr);
  body["credential_path"] = text_or_null(row.credential_path);
  body["created_at"] = to_rfc3339(row.created_at);
  body["updated_at"] = to_rfc3339(row.updated_at);
  return body;
}

/// A credential: a text, an object with the one member value, token, api_key or secret, or one
/// with username and password.
std::optional<SecureString> read_credential(JsonBody& body, std::string_view field,
                                            const json::value* value) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto member = [&](std::string_view name) -> const json::string* {
    const json::value* const found =
        value->is_object() ? value->get_object().if_contains(name) : nullptr;
    return found != nullptr ? found->if_string() : nullptr;
  };
  SecureString text;
  if (const json::string* const whole = value->if_string()) {
    text = SecureString(*whole);
  } else if (const json::string* const user = member("username");
             user != nullptr && member("password") != nullptr) {
    text = SecureString(*user);
    text.push_back(':');
    text.append(*member("password"));
  } else {
    for (const char* name : {"value", "token", "api_key", "secret"}) {
      if (const json::string* const found = member(name); found != nullptr && text.empty()) {
        text = SecureString(*found);
      }
    }
  }
  if (text.size() < 4 || text.size() > kMostCredentialBytes) {
    body.mistake(field, "must be a text of 4 to 65536 bytes, or an object that holds one");
    return std::nullopt;
  }
  return text;
}

/// The fields `credential` and `credential_source`; nullopt when there is neither.
std::optional<service::CredentialSource> read_source(JsonBody& body) {
  service::CredentialSource source;
  source.value = read_credential(body, "credential", body.raw("credential"));
  const json::value* const given = body.raw("credential_source");
  if (given == nullptr || given->is_null()) {
    return source.value ? std::optional(std::move(source)) : std::nullopt;
  }
  const auto member = [&](std::string_view name) -> const json::value* {
    return given->is_object() ? given->get_object().if_contains(name) : nullptr;
  };
  const auto text = [&](std::string_view name) -> std::string {
    const json::value* const found = member(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  if (source.value) {
    body.mistake("credential_source", "must not stand beside credential");
  } else if (text("type") == "inline") {
    source.value = read_credential(body, "credential_source.value", member("value"));
    if (member("value") == nullptr) body.mistake("credential_source.value", "is required");
  } else if (text("type") == "vault_ref") {
    source.vault_id = Uuid::parse(text("vault_id"));
    source.path = text("path");
    if (!source.vault_id) body.mistake("credential_source.vault_id", "must be a UUID");
    if (source.path.empty()) body.mistake("credential_source.path", "is required");
  } else {
    body.mistake("credential_source.type", "must be inline or vault_ref");
  }
  return source;
}

Reply create(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewBinding binding;
  binding.name = body.required_text("name", {.least = 1, .most = 200});
  binding.binding_type = body.required_text("binding_type", {.least = 1, .most = 32});
  binding.config_json = body.object("config", kMostObjectBytes).value_or("{}");
  binding.guardrails_json = body.object("guardrails", kMostObjectBytes).value_or("{}");
  if (auto source = read_source(body)) binding.credential = std::move(*source);
  CO_CHECK_OK(body.check());
  CO_TRY(const store::BindingRow row,
         co_await bindings.create(request.caller, agent_id, std::move(binding)));
  co_return json_reply(201, binding_json(row));
}

Reply list(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const auto rows, co_await bindings.list(request.caller, agent_id));
  json::object answer;
  answer["bindings"] = list_of(rows, binding_json);
  co_return json_reply(200, answer);
}

Reply get(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const Uuid binding_id, request.path_uuid("binding_id"));
  CO_TRY(const store::BindingRow row, co_await bindings.get(request.caller, agent_id, binding_id));
  co_return json_reply(200, binding_json(row));
}

Reply update(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const Uuid binding_id, request.path_uuid("binding_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::BindingUpdate update;
  update.config_json = body.object("config", kMostObjectBytes);
  update.guardrails_json = body.object("guardrails", kMostObjectBytes);
  update.is_active = body.boolean("is_active");
  update.credential = read_source(body);
  CO_CHECK_OK(body.check());
  CO_TRY(const store::BindingRow row,
         co_await bindings.update(request.caller, agent_id, binding_id, std::move(update)));
  co_return json_reply(200, binding_json(row));
}

Reply rotate_credential(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const Uuid binding_id, request.path_uuid("binding_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::CredentialSource source;
  source.value = read_credential(body, "credential", body.raw("credential"));
  if (!body.has("credential")) body.mistake("credential", "is required");
  CO_CHECK_OK(body.check());
  service::BindingUpdate update;
  update.credential = std::move(source);
  CO_TRY(const store::BindingRow row,
         co_await bindings.update(request.caller, agent_id, binding_id, std::move(update)));
  co_return json_reply(200, binding_json(row));
}

Reply remove(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const Uuid binding_id, request.path_uuid("binding_id"));
  CO_CHECK_OK(co_await bindings.remove(request.caller, agent_id, binding_id));
  co_return empty_reply();
}

Reply test(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const Uuid binding_id, request.path_uuid("binding_id"));
  CO_TRY(const service::ProbeResult result,
         co_await bindings.test(request.caller, agent_id, binding_id));
  json::object answer;
  answer["success"] = result.success;
  answer["latency_ms"] = result.latency_ms;
  answer["error"] = result.success ? json::value(nullptr) : json::value(result.error);
  co_return json_reply(200, answer);
}

json::object result_json(const service::OutboundAnswer& answer) {
  json::object result(wiping_storage());
  result["status"] = answer.status;
  json::object& headers = result["headers"].emplace_object();
  for (const auto& [name, value] : answer.headers) {
    if (!is_utf8(value.view()) || !is_utf8(name)) continue;
    // Of a header that is repeated the values are joined (RFC 9110 §5.3).
    json::value& member = headers[name];
    if (member.is_string()) {
      member.get_string().append(", ");
      member.get_string().append(value.view());
    } else {
      member = value.view();
    }
  }
  const bool text = is_utf8(answer.body.view());
  if (text) {
    result["body"] = answer.body.view();
  } else {
    result["body"] = to_base64(answer.body.bytes());
    result["body_encoding"] = "base64";
  }
  result["truncated"] = answer.cut;
  result["redirects"] = answer.redirects;
  return result;
}

Reply execute(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  const std::string binding = body.required_text("binding", {.least = 1, .most = 200});
  const std::string intent_type = body.required_text("intent_type", {.least = 1, .most = 64});
  const std::string mode = body.text("execution_mode", {.least = 1, .most = 16}).value_or("vault");
  if (mode != "vault") body.mistake("execution_mode", "must be vault: there is no enclave here");
  const auto params = body.object("params", kMostParamsBytes);
  if (!params && !body.has("params")) body.mistake("params", "is required");
  CO_CHECK_OK(body.check());
  boost::system::error_code error;
  const json::value parsed = json::parse(*params, error);
  if (error || !parsed.is_object()) co_return problems::validation("params", "must be an object");
  CO_TRY(const service::Execution execution,
         co_await bindings.execute(request.caller, agent_id, binding, intent_type,
                                   parsed.get_object()));
  const bool success = execution.row.status == "success";
  json::object answer(wiping_storage());
  answer["execution_id"] = execution.row.id.to_string();
  answer["status"] = execution.row.status;
  answer["result"] = success ? json::value(result_json(execution.answer)) : json::value(nullptr);
  answer["error"] = execution.row.error_message ? json::value(*execution.row.error_message)
                                                : json::value(nullptr);
  answer["duration_ms"] = execution.row.duration_ms;
  answer["redactions_applied"] = execution.row.redactions_applied;
  answer["execution_surface"] = "vault";
  co_return secret_reply(200, answer);
}

json::object execution_json(const store::ExecutionRow& row) {
  json::object body;
  body["id"] = row.id.to_string();
  body["agent_id"] = row.agent_id.to_string();
  body["binding_id"] = row.binding_id.to_string();
  body["intent_type"] = row.intent_type;
  body["execution_mode"] = "vault";
  body["status"] = row.status;
  set_json(body, "request_summary", row.request_summary);
  if (row.result_summary) {
    set_json(body, "result_summary", *row.result_summary);
  } else {
    body["result_summary"] = nullptr;
  }
  body["error_message"] =
      row.error_message ? json::value(*row.error_message) : json::value(nullptr);
  body["duration_ms"] = row.duration_ms;
  body["redactions_applied"] = row.redactions_applied;
  body["created_at"] = to_rfc3339(row.created_at);
  return body;
}

Reply executions(Bindings& bindings, Request& request) {
  CO_TRY(const Uuid agent_id, request.path_uuid("agent_id"));
  CO_TRY(const std::int64_t limit, request.query_integer("limit", 50, 1, 1000));
  CO_TRY(const std::int64_t offset, request.query_integer("offset", 0, 0, 1'000'000'000));
  CO_TRY(const auto rows, co_await bindings.executions(request.caller, agent_id, limit, offset));
  json::object answer;
  answer["events"] = list_of(rows, execution_json);
  co_return json_reply(200, answer);
}

}  // namespace

void add_binding_routes(http::Router& router, Bindings& bindings) {
  using enum http::Method;
  using enum http::Access;
  const auto add = [&](http::Method method, std::string tail, http::Access access,
                       std::string action, std::string scope,
                       Reply (*handler)(Bindings&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/agents/{agent_id}/" + tail,
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, bindings)});
  };
  add(kPost, "bindings", kUser, "binding.create", "agents:write", create);
  add(kGet, "bindings", kPrincipal, "binding.list", "bindings:read", list);
  add(kGet, "bindings/{binding_id}", kPrincipal, "binding.read", "bindings:read", get);
  add(kPatch, "bindings/{binding_id}", kUser, "binding.update", "agents:write", update);
  add(kDelete, "bindings/{binding_id}", kUser, "binding.delete", "agents:write", remove);
  add(kPost, "bindings/{binding_id}/test", kUser, "binding.test", "agents:write", test);
  add(kPost, "bindings/{binding_id}/rotate-credential", kUser, "binding.update", "agents:write",
      rotate_credential);
  add(kPost, "execute", kPrincipal, "execution.run", "bindings:write", execute);
  add(kGet, "executions", kPrincipal, "execution.list", "bindings:read", executions);
}

}  // namespace oneclaw::api

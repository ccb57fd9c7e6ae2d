// /v1/vaults/{vault_id}/policies
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "domain/policy.h"
#include "service/policies.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Policies;

namespace {

constexpr std::size_t kMostConditionBytes = 16U * 1024;
constexpr std::size_t kMostPermissions = 16;
constexpr std::int64_t kMostPriority = 1'000'000;

json::object policy_json(const store::PolicyRow& policy) {
  json::object body;
  body["id"] = policy.id.to_string();
  body["vault_id"] = policy.vault_id.to_string();
  body["secret_path_pattern"] = policy.secret_path_pattern;
  body["principal_type"] = policy.principal_type;
  body["principal_id"] = policy.principal_id.to_string();
  body["permissions"] = to_json_array(
      domain::permission_names(static_cast<domain::PermissionSet>(policy.permissions)));
  set_json(body, "conditions", policy.conditions);
  if (policy.approval) set_json(body, "consensus_trigger", *policy.approval);
  set_time(body, "expires_at", policy.expires_at);
  body["created_by"] = policy.created_by.to_string();
  body["created_by_type"] = policy.created_by_type;
  body["created_at"] = to_rfc3339(policy.created_at);
  body["effect"] = policy.effect;
  body["priority"] = policy.priority;
  return body;
}

Reply create(Policies& policies, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewPolicy policy;
  policy.secret_path_pattern =
      body.required_text("secret_path_pattern", {.least = 1, .most = kMostTextBytes});
  policy.principal_type = body.required_text("principal_type", {.least = 1, .most = 16});
  if (!body.has("principal_id")) body.mistake("principal_id", "is required");
  policy.principal_id = body.uuid("principal_id").value_or(Uuid{});
  if (!body.has("permissions")) body.mistake("permissions", "is required");
  policy.permissions =
      body.texts("permissions", kMostPermissions).value_or(std::vector<std::string>());
  policy.effect = body.text("effect", {.least = 1, .most = 16}).value_or("allow");
  policy.priority = body.integer("priority", 0, kMostPriority).value_or(0);
  policy.conditions_json = body.object("conditions", kMostConditionBytes).value_or("{}");
  policy.approval_json = body.object("consensus_trigger", kMostConditionBytes);
  policy.expires_at = body.time("expires_at");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::PolicyRow row,
         co_await policies.create(request.caller, vault_id, std::move(policy)));
  co_return json_reply(201, policy_json(row));
}

Reply list(Policies& policies, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const auto rows, co_await policies.list(request.caller, vault_id));
  json::object answer;
  answer["policies"] = list_of(rows, policy_json);
  co_return json_reply(200, answer);
}

Reply update(Policies& policies, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const Uuid policy_id, request.path_uuid("policy_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::PolicyUpdate update;
  update.permissions = body.texts("permissions", kMostPermissions);
  update.effect = body.text("effect", {.least = 1, .most = 16});
  update.priority = body.integer("priority", 0, kMostPriority);
  update.conditions_json = body.object("conditions", kMostConditionBytes);
  update.approval_json = body.object("consensus_trigger", kMostConditionBytes);
  update.clear_approval = body.is_null("consensus_trigger");
  update.expires_at = body.time("expires_at");
  update.clear_expires_at = body.is_null("expires_at");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::PolicyRow row,
         co_await policies.update(request.caller, vault_id, policy_id, std::move(update)));
  co_return json_reply(200, policy_json(row));
}

Reply remove(Policies& policies, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const Uuid policy_id, request.path_uuid("policy_id"));
  CO_CHECK_OK(co_await policies.remove(request.caller, vault_id, policy_id));
  co_return empty_reply();
}

}  // namespace

void add_policy_routes(http::Router& router, Policies& policies) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(Policies&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/vaults/{vault_id}/policies" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, policies)});
  };
  add(kPost, "", "policy.create", "policies:write", create);
  add(kGet, "", "policy.list", "policies:read", list);
  add(kPut, "/{policy_id}", "policy.update", "policies:write", update);
  add(kDelete, "/{policy_id}", "policy.delete", "policies:write", remove);
}

}  // namespace oneclaw::api

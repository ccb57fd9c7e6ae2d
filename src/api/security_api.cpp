// /v1/security
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "service/ip_rules.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::IpRules;

namespace {

json::object rule_json(const store::IpRuleRow& rule) {
  json::object body;
  body["id"] = rule.id.to_string();
  body["org_id"] = rule.org_id.to_string();
  body["rule_type"] = rule.rule_type;
  body["cidr"] = rule.cidr;
  body["label"] = rule.label;
  body["applies_to"] = rule.applies_to;
  body["created_by"] = rule.created_by.to_string();
  body["created_at"] = to_rfc3339(rule.created_at);
  return body;
}

Reply list(IpRules& rules, Request& request) {
  CO_TRY(const auto rows, co_await rules.list(request.caller));
  json::object answer;
  answer["rules"] = list_of(rows, rule_json);
  co_return json_reply(200, answer);
}

Reply create(IpRules& rules, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewIpRule rule;
  rule.rule_type = body.required_text("rule_type", {.least = 1, .most = 16});
  rule.cidr = body.required_text("cidr", {.least = 1, .most = 64});
  rule.label = body.text("label", {.least = 0, .most = 200}).value_or("");
  rule.applies_to = body.text("applies_to", {.least = 1, .most = 16}).value_or("all");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::IpRuleRow row, co_await rules.create(request.caller, std::move(rule)));
  co_return json_reply(201, rule_json(row));
}

Reply remove(IpRules& rules, Request& request) {
  CO_TRY(const Uuid rule_id, request.path_uuid("rule_id"));
  CO_CHECK_OK(co_await rules.remove(request.caller, rule_id));
  co_return empty_reply();
}

}  // namespace

void add_security_routes(http::Router& router, IpRules& rules) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(IpRules&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/security/ip-rules" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, rules)});
  };
  add(kGet, "", "ip_rule.list", "security:read", list);
  add(kPost, "", "ip_rule.create", "security:write", create);
  add(kDelete, "/{rule_id}", "ip_rule.delete", "security:write", remove);
}

}  // namespace oneclaw::api

// /v1/billing
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <map>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "service/billing.h"
#include "service/usage.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Billing;

namespace {

std::string dollars(std::int64_t cents) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%02lld", static_cast<long long>(cents / 100),
                static_cast<long long>(cents % 100));
  return text.data();
}

/// The name that the tier goes by; a server without quotas has none.
std::string_view tier_name(const std::optional<domain::Tier>& tier) {
  return tier ? to_string(*tier) : "self_hosted";
}

/// The status of an event's answer, when it was a refusal or a failure.
std::optional<std::int64_t> refusal_status(const domain::AuditEvent& event) {
  boost::system::error_code error;
  const json::value details = json::parse(event.details_json, error);
  if (error || !details.is_object()) return std::nullopt;
  const json::value* status = details.get_object().if_contains("status");
  if (status == nullptr || !status->is_int64()) return std::nullopt;
  return status->get_int64();
}

/// The route that an audit action is of; several may share one, and then the first stands for it.
class RouteNames {
 public:
  explicit RouteNames(const http::Router& router) {
    for (const auto& route : router.routes()) routes_.try_emplace(route->action, route.get());
  }
  void name(json::object& body, const std::string& action) const {
    const auto found = routes_.find(action);
    if (found == routes_.end()) return;
    body["method"] = to_string(found->second->method);
    body["endpoint"] = found->second->pattern;
  }

 private:
  std::map<std::string, const http::Route*> routes_;
};

json::object usage_json(const service::UsageReport& report, const RouteNames& routes) {
  const std::int64_t total = service::Usage::total(report.counts);
  json::object month;
  month["period_start"] = to_rfc3339(domain::month_start(report.month));
  month["period_end"] = to_rfc3339(domain::month_start(report.month + 1));
  month["total_requests"] = total;
  month["paid_requests"] = 0;
  month["free_requests"] = total;
  month["total_cost_usd"] = "0.00";
  json::object body;
  body["billing_tier"] = tier_name(report.tier);
  if (report.request_limit) body["free_tier_limit"] = *report.request_limit;
  body["current_month"] = std::move(month);
  body["by_principal"] = list_of(report.counts, [&](const store::UsageCount& count) {
    json::object item;
    item["principal_type"] = count.principal_type;
    item["principal_id"] = count.principal_id;
    item["action"] = count.action;
    routes.name(item, count.action);
    item["requests"] = count.count;
    return item;
  });
  return body;
}

Reply usage(Billing& billing, const RouteNames& routes, Request& request) {
  CO_TRY(const service::UsageReport report, co_await billing.usage(request.caller));
  co_return json_reply(200, usage_json(report, routes));
}

Reply history(Billing& billing, const RouteNames& routes, Request& request) {
  CO_TRY(const std::int64_t limit, request.query_integer("limit", 50, 1, 1000));
  CO_TRY(const auto events, co_await billing.history(request.caller, limit));
  json::object answer;
  answer["events"] = list_of(events, [&](const domain::AuditEvent& event) {
    json::object item;
    item["id"] = event.id.to_string();
    item["principal_type"] = event.actor_type;
    item["principal_id"] = event.actor_id;
    item["action"] = event.action;
    routes.name(item, event.action);
    // A success has the status of its operation in the API's description.
    if (const auto status = refusal_status(event)) item["status_code"] = *status;
    item["price_usd"] = "0.00";
    item["is_paid"] = false;
    item["created_at"] = to_rfc3339(event.created_at);
    return item;
  });
  co_return json_reply(200, answer);
}

Reply subscription(Billing& billing, Request& request) {
  CO_TRY(const service::Subscription found, co_await billing.subscription(request.caller));
  json::object meters;
  for (const service::Meter& meter : found.meters) {
    json::object item;
    item["used"] = meter.used;
    if (meter.limit) item["limit"] = *meter.limit;
    meters[to_string(meter.what)] = std::move(item);
  }
  json::object answer;
  answer["tier"] = tier_name(found.tier);
  answer["status"] = "active";
  answer["period_end"] = to_rfc3339(found.period_end);
  answer["credit_balance_cents"] = found.balance_cents;
  answer["credit_balance_usd"] = dollars(found.balance_cents);
  answer["overage_method"] = found.overage_method;
  answer["usage"] = std::move(meters);
  co_return json_reply(200, answer);
}

Reply balance(Billing& billing, Request& request) {
  CO_TRY(const std::int64_t cents, co_await billing.balance(request.caller));
  json::object expiring;
  expiring["amount_cents"] = 0;  // credits don't expire here
  json::object answer;
  answer["balance_cents"] = cents;
  answer["balance_usd"] = dollars(cents);
  answer["expiring_within_90_days"] = std::move(expiring);
  co_return json_reply(200, answer);
}

json::object transaction_json(const store::CreditRow& row) {
  json::object body;
  body["id"] = row.id.to_string();
  body["type"] = row.type;
  body["amount_cents"] = row.amount_cents;
  body["balance_after_cents"] = row.balance_after_cents;
  body["description"] = row.description;
  body["created_at"] = to_rfc3339(row.created_at);
  return body;
}

Reply transactions(Billing& billing, Request& request) {
  CO_TRY(const std::int64_t page, request.query_integer("page", 1, 1, 1'000'000));
  CO_TRY(const std::int64_t limit, request.query_integer("limit", 50, 1, 1000));
  CO_TRY(const auto rows, co_await billing.transactions(request.caller, page, limit));
  json::object answer;
  answer["transactions"] = list_of(rows, transaction_json);
  answer["page"] = page;
  answer["limit"] = limit;
  co_return json_reply(200, answer);
}

Reply set_overage(Billing& billing, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string method = body.required_text("method", {.least = 1, .most = 16});
  if (method == "x402") {
    body.mistake("method", "can't be x402: this server takes no payments");
  } else if (method != "credits" && method != "none" && body.has("method")) {
    body.mistake("method", "must be credits or none");
  }
  CO_CHECK_OK(body.check());
  CO_TRY(std::string set, co_await billing.set_overage(request.caller, std::move(method)));
  json::object answer;
  answer["overage_method"] = std::move(set);
  co_return json_reply(200, answer);
}

Reply no_payments(Billing& /*billing*/, Request& /*request*/) {
  co_return Problem{.status = 501,
                    .code = "not-implemented",
                    .detail =
                        "A self-hosted server has no payment provider. Its operator sets tiers and "
                        "grants credits in the configuration.",
                    .fields = {},
                    .retry_after_seconds = std::nullopt,
                    .allow = {}};
}

}  // namespace

void add_billing_routes(http::Router& router, Billing& billing) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       http::Handler handler) {
    router.add({.method = method,
                .pattern = "/v1/billing/" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = std::move(handler)});
  };
  const auto bound = [&](Reply (*handler)(Billing&, Request&)) {
    return bind_handler(handler, billing);
  };
  // Routes are looked up when they are asked for: all have been added by then.
  const auto named = [&](Reply (*handler)(Billing&, const RouteNames&, Request&)) {
    return [handler, &billing, &router](Request& request) -> Reply {
      const RouteNames routes(router);
      co_return co_await handler(billing, routes, request);
    };
  };
  add(kGet, "usage", "billing.usage", "billing:read", named(usage));
  add(kGet, "history", "billing.history", "billing:read", named(history));
  add(kGet, "subscription", "billing.subscription", "billing:read", bound(subscription));
  add(kGet, "credits/balance", "billing.balance", "billing:read", bound(balance));
  add(kGet, "credits/transactions", "billing.transactions", "billing:read", bound(transactions));
  add(kPatch, "overage-method", "billing.overage", "billing:write", bound(set_overage));
  add(kPost, "subscribe", "billing.subscribe", "billing:write", bound(no_payments));
  add(kPost, "portal", "billing.portal", "billing:write", bound(no_payments));
  add(kPost, "credits/topup", "billing.topup", "billing:write", bound(no_payments));
}

}  // namespace oneclaw::api

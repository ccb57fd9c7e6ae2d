// /v1/approvals
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "service/approvals.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using http::Response;
using service::Approvals;

namespace {

constexpr std::size_t kMostSummaryBytes = 16U * 1024;
constexpr std::int64_t kMostListed = 100;
constexpr std::int64_t kMostRequestTier = 5;
constexpr std::int64_t kMostTier = 3;  // the wire takes five and answers three

template <class T, class F>
json::value or_null(const std::optional<T>& value, F to_json) {
  return value ? json::value(to_json(*value)) : json::value(nullptr);
}

json::object approval_json(const store::ApprovalRow& row) {
  const auto id = [](const Uuid& value) { return value.to_string(); };
  const auto text = [](const std::string& value) { return value; };
  json::object body;
  body["id"] = row.id.to_string();
  body["org_id"] = row.org_id.to_string();
  body["user_id"] = row.addressed_to.to_string();
  body["agent_id"] =
      row.requester_type == "agent" ? json::value(id(row.requester_id)) : json::value(nullptr);
  body["requester_type"] = row.requester_type;
  body["requester_id"] = id(row.requester_id);
  body["action"] = row.action;
  body["target_type"] = row.target_type;
  body["target_id"] = row.target_id;
  body["risk_tier"] = row.risk_tier;
  body["status"] = row.status_at(now());
  set_json(body, "summary", row.summary);
  body["reason"] = or_null(row.reason, text);
  body["decision_reason"] = or_null(row.decision_reason, text);
  body["decided_by"] = or_null(row.decided_by, id);
  body["decided_at"] = or_null(row.decided_at, to_rfc3339);
  body["expires_at"] = to_rfc3339(row.expires_at);
  body["grant_expires_at"] = or_null(row.grant_expires_at, to_rfc3339);
  body["created_at"] = to_rfc3339(row.created_at);
  body["required_approvals"] = row.required_approvals;
  body["current_approvals"] = row.current_approvals;
  return body;
}

Reply request_approval(Approvals& approvals, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewApproval approval;
  approval.action = body.required_text("action", {.least = 1, .most = 200});
  approval.target_type = body.required_text("target_type", {.least = 1, .most = 64});
  approval.target_id = body.required_text("target_id", {.least = 1, .most = kMostTextBytes});
  if (!body.has("summary")) body.mistake("summary", "is required");
  approval.summary_json = body.object_or_text("summary", kMostSummaryBytes).value_or("{}");
  approval.reason = body.text("reason", {.least = 0, .most = kMostTextBytes});
  approval.risk_tier =
      std::min(body.integer("risk_tier", 1, kMostRequestTier).value_or(1), kMostTier);
  CO_CHECK_OK(body.check());
  CO_TRY(const store::ApprovalRow row,
         co_await approvals.request(request.caller, std::move(approval)));
  Response response = json_reply(202, approval_json(row));
  response.headers.emplace_back("Location", "/v1/approvals/" + row.id.to_string());
  co_return response;
}

Reply list(Approvals& approvals, Request& request) {
  service::ApprovalQuery query;
  query.status = request.query("status");
  if (query.status && *query.status != "pending" && *query.status != "approved" &&
      *query.status != "rejected" && *query.status != "expired") {
    co_return problems::validation("status", "must be pending, approved, rejected or expired");
  }
  CO_TRY(query.limit, request.query_integer("limit", 50, 1, kMostListed));
  CO_TRY(query.offset, request.query_integer("offset", 0, 0, 1'000'000'000));
  CO_TRY(const auto page, co_await approvals.list(request.caller, std::move(query)));
  json::object answer;
  answer["approvals"] = list_of(page.approvals, approval_json);
  co_return json_reply(200, answer);
}

Reply get(Approvals& approvals, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("approval_id"));
  CO_TRY(const service::SignedApproval found, co_await approvals.get(request.caller, id));
  co_return json_reply(200, approval_json(found.approval));
}

Reply decide(Approvals& approvals, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("approval_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  const std::string decision = body.required_text("decision", {.least = 1, .most = 16});
  if (body.has("decision") && decision != "approve" && decision != "reject") {
    body.mistake("decision", "must be approve or reject");
  }
  service::ApprovalDecision made{
      .approve = decision == "approve",
      .reason = body.text("reason", {.least = 0, .most = kMostTextBytes})};
  CO_CHECK_OK(body.check());
  CO_TRY(const store::ApprovalRow row,
         co_await approvals.decide(request.caller, id, std::move(made)));
  co_return json_reply(200, approval_json(row));
}

Reply quick_decide(Approvals& approvals, Request& request) {
  const auto token = request.query("token");
  if (!token) co_return problems::validation("token", "is required");
  const auto decision = request.query("decision");
  if (decision != "approved" && decision != "rejected") {
    co_return problems::validation("decision", "must be approved or rejected");
  }
  CO_TRY(const store::ApprovalRow row,
         co_await approvals.quick_decide(request.caller, *token, decision == "approved"));
  Response response;
  response.status = 302;
  response.content_type = {};  // no body
  response.headers = {{"Location", "/v1/approvals/decided?decision=" + row.status},
                      {"Referrer-Policy", "no-referrer"}};
  response.no_store = true;
  co_return response;
}

/// Where a one-click link ends: it says what happened and knows nothing more.
Reply decided(Approvals& /*approvals*/, Request& request) {
  const bool approved = request.query("decision") == "approved";
  if (request.query("decision") == "pending") {
    co_return page_reply(200, "Approved by you",
                         "<p>Others must approve it too. You may close this page.</p>");
  }
  co_return page_reply(200, approved ? "Approved" : "Rejected",
                       approved ? "<p>The request was approved. You may close this page.</p>"
                                : "<p>The request was rejected. You may close this page.</p>");
}

}  // namespace

void add_approval_routes(http::Router& router, Approvals& approvals) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, http::Access access,
                       std::string action, std::string scope,
                       Reply (*handler)(Approvals&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/approvals" + tail,
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, approvals)});
  };
  using enum http::Access;
  add(kPost, "/request", kPrincipal, "approval.request", {}, request_approval);
  add(kGet, "", kPrincipal, "approval.list", {}, list);
  add(kGet, "/quick-decide", kPublic, "approval.decide", {}, quick_decide);
  add(kGet, "/decided", kPublic, {}, {}, decided);
  add(kGet, "/{approval_id}", kPrincipal, "approval.read", {}, get);
  add(kPost, "/{approval_id}/decide", kUser, "approval.decide", "approvals:write", decide);
}

}  // namespace oneclaw::api

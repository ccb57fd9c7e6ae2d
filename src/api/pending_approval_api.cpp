// /v1/pending-approvals: requests for the approval of accesses to secrets, decided by signatures.
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <memory>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "domain/scopes.h"
#include "service/approval_rules.h"
#include "service/approvals.h"
#include "service/secrets.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;

namespace {

constexpr std::int64_t kMostListed = 100;
constexpr std::size_t kHashChars = 64;

struct Services {
  service::Approvals& approvals;
  service::Secrets& secrets;
};

json::object pending_json(const store::ApprovalRow& row) {
  json::object body;
  body["id"] = row.id.to_string();
  body["org_id"] = row.org_id.to_string();
  body["policy_id"] = row.policy_id.value_or(Uuid{}).to_string();
  body["action"] = row.action;
  body["action_payload"] = service::approval_payload(row);
  body["payload_hash"] = service::payload_hash(row);
  body["submitted_by"] = row.requester_id.to_string();
  body["submitted_by_type"] = row.requester_type;
  body["status"] = row.state_at(now());
  body["required_approvals"] = row.required_approvals;
  body["current_approvals"] = row.current_approvals;
  body["expires_at"] = to_rfc3339(row.expires_at);
  set_time(body, "executed_at", row.executed_at);
  body["created_at"] = to_rfc3339(row.created_at);
  body["updated_at"] =
      to_rfc3339(row.executed_at.value_or(row.decided_at.value_or(row.created_at)));
  return body;
}

json::object signature_json(const store::ApprovalSignature& signature) {
  json::object body;
  body["id"] = signature.id.to_string();
  body["approver_id"] = signature.approver_id.to_string();
  body["approver_type"] = "user";
  body["decision"] = signature.decision;
  if (signature.reason) body["reason"] = *signature.reason;
  body["created_at"] = to_rfc3339(signature.created_at);
  return body;
}

/// One of them with its signatures; 404 when it is no access to a secret.
boost::asio::awaitable<Result<json::object>> find(const Services& services, Request& request,
                                                  Uuid id) {
  CO_TRY(const service::SignedApproval found, co_await services.approvals.get(request.caller, id));
  if (!found.approval.vault_id) co_return problems::not_found("No such approval.");
  json::object body = pending_json(found.approval);
  body["signatures"] = list_of(found.signatures, signature_json);
  co_return body;
}

/// Unknown members are refused: a value in there would be stored in clear.
void read_payload(JsonBody& body, service::NewSubmission& submission) {
  const auto text = body.object("action_payload", kMostTextBytes * 4);
  if (!body.has("action_payload")) body.mistake("action_payload", "is required");
  if (!text) return;
  const json::value payload = json::parse(*text);
  for (const auto& member : payload.get_object()) {
    const std::string_view name = member.key();
    const auto* const value = member.value().if_string();
    if (name == "path" && value != nullptr) {
      submission.path = std::string_view(*value);
    } else if (name == "vault_id" && value != nullptr) {
      submission.vault_id = Uuid::parse(*value);
      if (!submission.vault_id) body.mistake("action_payload.vault_id", "must be a UUID");
    } else {
      body.mistake("action_payload", "must be an object of path and vault_id, both texts");
    }
  }
  if (submission.path.empty()) body.mistake("action_payload.path", "is required");
}

Reply submit(const Services& services, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewSubmission submission;
  if (!body.has("policy_id")) body.mistake("policy_id", "is required");
  submission.policy_id = body.uuid("policy_id").value_or(Uuid{});
  submission.action = body.required_text("action", {.least = 1, .most = 64});
  read_payload(body, submission);
  CO_CHECK_OK(body.check());
  CO_TRY(const store::ApprovalRow row,
         co_await services.approvals.submit(request.caller, std::move(submission)));
  json::object answer;
  answer["pending_approval_id"] = row.id.to_string();
  answer["required_approvals"] = row.required_approvals;
  answer["current_approvals"] = row.current_approvals;
  answer["payload_hash"] = service::payload_hash(row);
  answer["expires_at"] = to_rfc3339(row.expires_at);
  answer["status"] = row.state_at(now());
  answer["message"] = "Waits for the approval of " + std::to_string(row.required_approvals) +
                      (row.required_approvals == 1 ? " person." : " people.");
  http::Response response = json_reply(202, answer);
  response.headers.emplace_back("Location", "/v1/pending-approvals/" + row.id.to_string());
  co_return response;
}

Reply list(const Services& services, Request& request) {
  service::ApprovalQuery query;
  query.of_secrets = true;
  query.status = request.query("status");
  if (query.status) {
    constexpr std::array<std::string_view, 6> kStates{"pending", "approved",  "rejected",
                                                      "expired", "cancelled", "executed"};
    if (std::ranges::find(kStates, *query.status) == kStates.end()) {
      co_return problems::validation(
          "status", "must be pending, approved, rejected, expired, cancelled or executed");
    }
  }
  if (const auto agent_id = request.query("agent_id")) {
    query.requester_id = Uuid::parse(*agent_id);
    if (!query.requester_id) co_return problems::validation("agent_id", "must be a UUID");
  }
  CO_TRY(query.limit, request.query_integer("limit", 50, 1, kMostListed));
  CO_TRY(query.offset, request.query_integer("offset", 0, 0, 1'000'000'000));
  CO_TRY(const service::ApprovalPage page,
         co_await services.approvals.list(request.caller, std::move(query)));
  json::object answer;
  answer["pending_approvals"] = list_of(page.approvals, pending_json);
  answer["total"] = page.total;
  co_return json_reply(200, answer);
}

Reply get(const Services& services, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(const json::object body, co_await find(services, request, id));
  co_return json_reply(200, body);
}

Reply approve(const Services& services, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  const std::string decision = body.required_text("decision", {.least = 1, .most = 16});
  if (body.has("decision") && decision != "approve" && decision != "reject") {
    body.mistake("decision", "must be approve or reject");
  }
  service::ApprovalDecision made{
      .approve = decision == "approve",
      .reason = body.text("reason", {.least = 0, .most = kMostTextBytes}),
      .payload_hash =
          body.required_text("payload_hash", {.least = kHashChars, .most = kHashChars})};
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await services.approvals.decide(request.caller, id, std::move(made)));
  CO_TRY(const json::object answer, co_await find(services, request, id));
  co_return json_reply(200, answer);
}

Reply cancel(const Services& services, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(const store::ApprovalRow row, co_await services.approvals.cancel(request.caller, id));
  co_return json_reply(200, pending_json(row));
}

/// The access itself, by the grant that the approval gave.
boost::asio::awaitable<Result<void>> act(const Services& services, Request& request,
                                         const store::ApprovalRow& row, json::object& result) {
  result["vault_id"] = row.vault_id->to_string();
  result["path"] = *row.path;
  const bool reads = row.action == "secret.read";
  if (!domain::scopes_cover(request.caller.principal.scopes,
                            reads ? "secrets:read" : "secrets:delete")) {
    co_return problems::forbidden("The token's scopes do not cover this.");
  }
  if (!reads) {
    co_return co_await services.secrets.remove(request.caller, *row.vault_id, *row.path);
  }
  CO_TRY(const service::SecretValue secret,
         co_await services.secrets.get(request.caller, *row.vault_id, *row.path, std::nullopt));
  result["type"] = secret.metadata.version.type;
  result["version"] = secret.metadata.version.version;
  result["value"] = as_text(secret.value);
  co_return Result<void>();
}

Reply execute(const Services& services, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("id"));
  CO_TRY(store::ApprovalRow row, co_await services.approvals.executable(request.caller, id));
  json::object answer(wiping_storage());
  json::object result(wiping_storage());
  CO_CHECK_OK(co_await act(services, request, row, result));
  CO_TRY(const TimePoint at, co_await services.approvals.executed(request.caller, std::move(row)));
  answer["pending_approval_id"] = id.to_string();
  answer["status"] = "executed";
  answer["executed_at"] = to_rfc3339(at);
  answer["result"] = std::move(result);
  co_return secret_reply(200, answer);
}

}  // namespace

void add_pending_approval_routes(http::Router& router, service::Approvals& approvals,
                                 service::Secrets& secrets) {
  const auto services = std::make_shared<const Services>(Services{approvals, secrets});
  const auto add = [&](http::Method method, const std::string& tail, http::Access access,
                       std::string action, std::string scope,
                       Reply (*handler)(const Services&, Request&)) {
    router.add(
        {.method = method,
         .pattern = "/v1/pending-approvals" + tail,
         .access = access,
         .action = std::move(action),
         .scope = std::move(scope),
         .handler = [services, handler](Request& request) { return handler(*services, request); }});
  };
  using enum http::Method;
  using enum http::Access;
  add(kPost, "", kPrincipal, "approval.request", {}, submit);
  add(kGet, "", kPrincipal, "approval.list", {}, list);
  add(kGet, "/{id}", kPrincipal, "approval.read", {}, get);
  add(kPost, "/{id}/approve", kUser, "approval.decide", "approvals:write", approve);
  add(kPost, "/{id}/cancel", kPrincipal, "approval.cancel", {}, cancel);
  add(kPost, "/{id}/execute", kPrincipal, "approval.execute", {}, execute);
}

}  // namespace oneclaw::api

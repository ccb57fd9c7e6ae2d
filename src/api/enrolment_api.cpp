// /v1/agents/enroll: agents that ask to be let in.
#include <algorithm>
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "base/encoding.h"
#include "crypto/identity.h"
#include "service/enrolments.h"
#include "service/sign_in.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Enrolments;

namespace {

/// The name goes into an email: letters and digits of any script, spaces and `. _ -`, so that it
/// can't pass for a link or a sentence of ours.
bool is_plain_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == ' ' || c == '.' || c == '_' || c == '-';
  });
}

Reply enroll(Enrolments& enrolments, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewEnrolment enrolment;
  enrolment.name = body.required_text("name", {.least = 1, .most = 100});
  if (!is_plain_name(enrolment.name)) {
    body.mistake("name", "must be of letters, digits, spaces and . _ -");
  }
  enrolment.description =
      body.text("description", {.least = 0, .most = kMostTextBytes}).value_or("");
  if (const auto email = body.text("human_email", {.least = 1, .most = kMostTextBytes})) {
    const auto normal = service::normalize_email(*email, "human_email");
    body.note(normal);
    if (normal.ok()) enrolment.human_email = *normal;
  }
  if (const auto key = body.text("public_key", {.least = 1, .most = kMostTextBytes})) {
    enrolment.fingerprint = crypto::ssh_fingerprint(*key);
    if (!enrolment.fingerprint) {
      body.mistake("public_key", "must be an ssh-ed25519 key or 32 bytes as base64");
    }
  }
  CO_CHECK_OK(body.check());
  const auto fingerprint = enrolment.fingerprint;
  CO_TRY(const service::OpenedEnrolment opened,
         co_await enrolments.open(request.caller, std::move(enrolment)));
  json::object answer(wiping_storage());
  answer["agent_id"] = opened.id.to_string();
  answer["pairing_id"] = opened.id.to_string();
  answer["poll_token"] = opened.poll_token.view();
  answer["interval"] = service::kEnrolmentPollSeconds;
  answer["expires_in"] = std::chrono::seconds(service::kEnrolmentLife).count();
  if (fingerprint) answer["fingerprint"] = *fingerprint;
  if (opened.by_email) {
    answer["message"] = "If that address may let agents in, a link is on its way to it.";
  } else {
    answer["message"] = "Ask a person who is an owner or admin to let this agent in.";
    answer["approval_url"] = opened.approval_url;
  }
  co_return secret_reply(201, answer);
}

Reply status(Enrolments& enrolments, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("agent_id"));
  SecureString poll;
  if (const auto header = request.header("X-Poll-Token")) {
    poll = SecureString(*header);
  } else if (const auto query = request.query("poll")) {
    poll = SecureString(*query);
  } else {
    co_return problems::validation("poll", "is required");
  }
  CO_TRY(const service::EnrolmentStatus found,
         co_await enrolments.poll(request.caller, id, std::move(poll)));
  json::object answer(wiping_storage());
  answer["agent_id"] = id.to_string();
  answer["status"] = found.status;
  if (found.api_key) answer["api_key"] = found.api_key->view();
  co_return secret_reply(200, answer);
}

json::object row_json(const store::EnrolmentRow& row) {
  json::object body;
  body["agent_id"] = row.id.to_string();
  body["name"] = row.name;
  body["description"] = row.description;
  body["status"] = row.status == "collected" ? "approved" : row.status;
  if (row.fingerprint) body["fingerprint"] = *row.fingerprint;
  body["created_at"] = to_rfc3339(row.created_at);
  body["expires_at"] = to_rfc3339(row.expires_at);
  return body;
}

Reply list(Enrolments& enrolments, Request& request) {
  CO_TRY(const auto rows, co_await enrolments.list(request.caller));
  json::object answer;
  answer["enrollments"] = list_of(rows, row_json);
  co_return json_reply(200, answer);
}

Reply decide(Enrolments& enrolments, Request& request, bool approve) {
  CO_TRY(const Uuid id, request.path_uuid("agent_id"));
  CO_TRY(const store::EnrolmentRow row, co_await enrolments.decide(request.caller, id, approve));
  co_return json_reply(200, row_json(row));
}

Reply approve(Enrolments& enrolments, Request& request) {
  return decide(enrolments, request, true);
}

Reply deny(Enrolments& enrolments, Request& request) {
  return decide(enrolments, request, false);
}

}  // namespace

void add_enrolment_routes(http::Router& router, Enrolments& enrolments) {
  using enum http::Method;
  using enum http::Access;
  const auto add = [&](http::Method method, std::string tail, http::Access access,
                       std::string action, std::string scope,
                       Reply (*handler)(Enrolments&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/agents/enroll" + tail,
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, enrolments)});
  };
  add(kPost, "", kPublic, "agent.enroll", {}, enroll);
  add(kGet, "", kUser, "agent.enroll_list", "agents:read", list);
  add(kGet, "/{agent_id}/status", kPublic, "agent.enroll_poll", {}, status);
  add(kPost, "/{agent_id}/approve", kUser, "agent.enroll_approve", "agents:write", approve);
  add(kPost, "/{agent_id}/deny", kUser, "agent.enroll_deny", "agents:write", deny);
}

}  // namespace oneclaw::api

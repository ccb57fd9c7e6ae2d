// /v1/auth/device: sign-in of a device without a browser (RFC 8628).
#include "api/json_body.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/token_json.h"
#include "api/wiping_json.h"
#include "service/device_login.h"
#include "service/outbox.h"
#include "service/sign_in.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::DeviceLogin;

namespace {

constexpr std::string_view kGrantType = "urn:ietf:params:oauth:grant-type:device_code";
constexpr JsonBody::TextRule kUserCode{.least = 1, .most = 64};

/// The texts of RFC 8628 §3.5's errors.
std::string_view description_of(std::string_view error) {
  if (error == "authorization_pending") return "The person has not decided yet.";
  if (error == "slow_down") return "Polled too soon: wait five seconds longer between polls.";
  if (error == "expired_token") return "The device code has expired: begin again.";
  return "The person refused.";
}

Reply code(DeviceLogin& devices, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string client_id = body.required_text("client_id", {.least = 1, .most = 200});
  std::string email = body.required_text("email", {.least = 1, .most = kMostTextBytes});
  const auto normal = service::normalize_email(email);
  if (body.has("email")) body.note(normal);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::NewDeviceCode made,
         co_await devices.start(request.caller, std::move(client_id), *normal));
  json::object answer(wiping_storage());
  answer["device_code"] = made.device_code.view();
  answer["user_code"] = made.user_code;
  answer["verification_uri"] = devices.verification_uri();
  answer["expires_in"] = std::chrono::seconds(service::kDeviceCodeLife).count();
  answer["interval"] = service::kPollSeconds;
  co_return secret_reply(200, answer);
}

Reply token(DeviceLogin& devices, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString device_code =
      body.required_secret("device_code", {.least = 1, .most = kMostTextBytes});
  const std::string grant_type = body.required_text("grant_type", {.least = 1, .most = 200});
  if (body.has("grant_type") && grant_type != kGrantType) {
    body.mistake("grant_type", "must be " + std::string(kGrantType));
  }
  CO_CHECK_OK(body.check());
  CO_TRY(const service::DevicePoll poll,
         co_await devices.poll(request.caller, std::move(device_code)));
  if (!poll.error.empty()) {
    json::object answer;
    answer["error"] = poll.error;
    answer["error_description"] = description_of(poll.error);
    co_return json_reply(200, answer);
  }
  json::object answer = token_json(poll.token);
  answer["email"] = poll.email;
  answer["user_id"] = poll.user_id.to_string();
  answer["org_id"] = poll.org_id.to_string();
  co_return secret_reply(200, answer);
}

json::object row_json(const store::DeviceCodeRow& row) {
  json::object body;
  body["user_code"] = row.user_code.substr(0, 4) + "-" + row.user_code.substr(4);
  body["client_id"] = row.client_id;
  body["status"] = row.status;
  body["expires_at"] = to_rfc3339(row.expires_at);
  return body;
}

Reply look_up(DeviceLogin& devices, Request& request) {
  CO_TRY(const store::DeviceCodeRow row,
         co_await devices.look_up(request.caller, std::string(request.path_param("user_code"))));
  co_return json_reply(200, row_json(row));
}

Reply decide(DeviceLogin& devices, Request& request, bool approve) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string user_code = body.required_text("user_code", kUserCode);
  CO_CHECK_OK(body.check());
  CO_TRY(const store::DeviceCodeRow row,
         co_await devices.decide(request.caller, std::move(user_code), approve));
  co_return json_reply(200, row_json(row));
}

Reply approve(DeviceLogin& devices, Request& request) {
  return decide(devices, request, true);
}

Reply deny(DeviceLogin& devices, Request& request) {
  return decide(devices, request, false);
}

/// Where `verification_uri` leads.
Reply page(DeviceLogin& /*devices*/, Request& /*request*/) {
  co_return page_reply(
      200, "Sign in a device",
      "<p>A device shows you a code, such as <code>BCDF-GHJK</code>. If you started its sign-in "
      "yourself, approve the code where you are signed in:</p>"
      "<p><code>POST /v1/auth/device/approve {\"user_code\": \"BCDF-GHJK\"}</code></p>"
      "<p>If you did not, refuse it at <code>/v1/auth/device/deny</code>.</p>");
}

}  // namespace

void add_device_routes(http::Router& router, DeviceLogin& devices) {
  using enum http::Method;
  using enum http::Access;
  const auto add = [&](http::Method method, std::string pattern, http::Access access,
                       std::string action, std::string scope,
                       Reply (*handler)(DeviceLogin&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, devices)});
  };
  add(kGet, "/device", kPublic, {}, {}, page);
  add(kPost, "/v1/auth/device/code", kPublic, "auth.device_code", {}, code);
  add(kPost, "/v1/auth/device/token", kPublic, "auth.device_token", {}, token);
  add(kGet, "/v1/auth/device/code/{user_code}", kPublic, "auth.device_lookup", {}, look_up);
  add(kPost, "/v1/auth/device/approve", kUser, "auth.device_approve", "profile:write", approve);
  add(kPost, "/v1/auth/device/deny", kUser, "auth.device_deny", "profile:write", deny);
}

}  // namespace oneclaw::api

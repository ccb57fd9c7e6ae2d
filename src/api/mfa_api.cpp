// /v1/auth/mfa
#include "service/mfa.h"

#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/token_json.h"
#include "api/wiping_json.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Mfa;

namespace {

constexpr JsonBody::TextRule kCode{.least = 1, .most = 64};

Reply status(Mfa& mfa, Request& request) {
  CO_TRY(const service::MfaStatus status, co_await mfa.status(request.caller));
  json::object body;
  body["enabled"] = status.enabled;
  body["recovery_codes_left"] = status.recovery_codes_left;
  co_return json_reply(200, body);
}

Reply setup(Mfa& mfa, Request& request) {
  CO_TRY(const service::MfaSetup setup, co_await mfa.setup(request.caller));
  json::object body(wiping_storage());
  body["otpauth_uri"] = setup.uri.view();
  body["secret"] = setup.secret.view();
  co_return secret_reply(200, body);
}

Reply verify_setup(Mfa& mfa, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString code = body.required_secret("code", kCode);
  CO_CHECK_OK(body.check());
  CO_TRY(const auto codes, co_await mfa.confirm(request.caller, std::move(code)));
  json::object answer(wiping_storage());
  answer["recovery_codes"] = list_of(
      codes, [](const SecureString& fresh) { return fresh.view(); }, wiping_storage());
  co_return secret_reply(200, answer);
}

Reply verify(Mfa& mfa, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString code = body.required_secret("code", kCode);
  SecureString token = body.required_secret("mfa_token", {.least = 1, .most = kMostTextBytes});
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken issued,
         co_await mfa.verify(request.caller, std::move(token), std::move(code)));
  co_return secret_reply(200, token_json(issued));
}

Reply disable(Mfa& mfa, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::optional<SecureString> code = body.secret("code", kCode);
  std::optional<SecureString> password =
      body.secret("password", {.least = 1, .most = kMostTextBytes});
  CO_CHECK_OK(body.check());
  if (const auto header = request.header("X-Auth-Confirm"); header && !password) {
    password.emplace(*header);
  }
  CO_CHECK_OK(co_await mfa.disable(request.caller, std::move(code), std::move(password)));
  co_return empty_reply();
}

}  // namespace

void add_mfa_routes(http::Router& router, Mfa& mfa) {
  using enum http::Method;
  using enum http::Access;
  const auto add = [&](http::Method method, std::string tail, http::Access access,
                       std::string action, std::string scope, Reply (*handler)(Mfa&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/auth/mfa" + tail,
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, mfa)});
  };
  add(kGet, "/status", kUser, "mfa.read", "profile:read", status);
  add(kPost, "/setup", kUser, "mfa.setup", "profile:write", setup);
  add(kPost, "/verify-setup", kUser, "mfa.enable", "profile:write", verify_setup);
  add(kPost, "/verify", kPublic, "auth.mfa_verify", {}, verify);
  add(kDelete, "", kUser, "mfa.disable", "profile:write", disable);
}

}  // namespace oneclaw::api

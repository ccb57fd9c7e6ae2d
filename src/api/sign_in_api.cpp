// /v1/auth: the ways to a token and back.
#include "service/sign_in.h"

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/token_json.h"
#include "api/wiping_json.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using http::Response;
using service::SignIn;

namespace {

constexpr JsonBody::TextRule kEmail{.least = 1, .most = 1024};
constexpr JsonBody::TextRule kAnyPassword{.least = 1, .most = 1024};
constexpr JsonBody::TextRule kToken{.least = 1, .most = 16'384};

Response token_reply(const service::IssuedToken& token) {
  return secret_reply(200, token_json(token));
}

Reply signup(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string email = body.required_text("email", kEmail);
  SecureString password = body.required_secret("password", {.least = 0, .most = kMostTextBytes});
  if (body.has("email")) body.note(service::normalize_email(email));
  if (body.has("password")) body.note(service::validate_password(password, "password"));
  std::string name = body.text("display_name", {.least = 0, .most = 200}).value_or("");
  std::optional<SecureString> invite_token;
  if (body.has("invite_token")) invite_token = body.required_secret("invite_token", kAnyPassword);
  CO_CHECK_OK(body.check());
  CO_TRY(const std::optional<service::IssuedToken> token,
         co_await sign_in.signup(request.caller, email, std::move(password), std::move(name),
                                 std::move(invite_token)));
  json::object answer = token ? token_json(*token) : json::object(wiping_storage());
  answer["message"] =
      token ? "Account created." : "Check your email: the link in it makes the account.";
  answer["email"] = *service::normalize_email(email);
  co_return secret_reply(200, answer);
}

Reply verify_email(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString verification = body.required_secret("token", kAnyPassword);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.verify_email(request.caller, std::move(verification)));
  co_return token_reply(token);
}

Reply login(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string email = body.required_text("email", kEmail);
  SecureString password = body.required_secret("password", kAnyPassword);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.login(request.caller, std::move(email), std::move(password)));
  co_return token_reply(token);
}

Reply google(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString id_token = body.required_secret("id_token", kToken);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.google(request.caller, std::move(id_token)));
  co_return token_reply(token);
}

Reply api_key(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString key = body.required_secret("api_key", kAnyPassword);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.api_key(request.caller, std::move(key)));
  co_return token_reply(token);
}

Reply agent_key(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString key = body.required_secret("api_key", kAnyPassword);
  const std::optional<Uuid> agent_id = body.uuid("agent_id");
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.agent_key(request.caller, std::move(key), agent_id));
  co_return token_reply(token);
}

Reply refresh(SignIn& sign_in, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString refresh_token = body.required_secret("refresh_token", kAnyPassword);
  CO_CHECK_OK(body.check());
  CO_TRY(const service::IssuedToken token,
         co_await sign_in.refresh(request.caller, std::move(refresh_token)));
  co_return token_reply(token);
}

Reply sign_out(SignIn& sign_in, Request& request) {
  CO_CHECK_OK(co_await sign_in.sign_out(request.caller));
  co_return empty_reply();
}

}  // namespace

void add_sign_in_routes(http::Router& router, SignIn& sign_in) {
  using enum http::Method;
  const auto add = [&](std::string pattern, std::string action,
                       Reply (*handler)(SignIn&, Request&)) {
    router.add({.method = kPost,
                .pattern = std::move(pattern),
                .access = http::Access::kPublic,
                .action = std::move(action),
                .scope = {},
                .handler = bind_handler(handler, sign_in)});
  };
  add("/v1/auth/signup", "auth.signup", signup);
  add("/v1/auth/verify-email", "auth.verify_email", verify_email);
  add("/v1/auth/token", "auth.login", login);
  add("/v1/auth/google", "auth.google", google);
  add("/v1/auth/api-key-token", "auth.api_key_token", api_key);
  add("/v1/auth/agent-token", "auth.agent_token", agent_key);
  add("/v1/auth/refresh", "auth.refresh", refresh);
  router.add({.method = kDelete,
              .pattern = "/v1/auth/token",
              .access = http::Access::kPrincipal,
              .action = "auth.logout",
              .scope = {},
              .handler = bind_handler(sign_out, sign_in)});
}

}  // namespace oneclaw::api

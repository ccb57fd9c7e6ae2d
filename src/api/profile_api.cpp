// /v1/auth/me and the password.
#include "service/profile.h"

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Profile;

namespace {

json::object user_json(const store::UserRow& user, const Caller& caller) {
  json::object body;
  body["id"] = user.id.to_string();
  body["email"] = user.email;
  body["display_name"] = user.display_name;
  body["auth_method"] = user.auth_method;
  body["role"] = to_string(caller.principal.role);
  body["org_id"] = caller.principal.org_id.to_string();
  body["email_verified"] = user.email_verified;
  body["marketing_emails"] = user.marketing_emails;
  body["totp_enabled"] = user.totp_enabled;
  body["created_at"] = to_rfc3339(user.created_at);
  return body;
}

Reply get_me(Profile& profile, Request& request) {
  CO_TRY(const store::UserRow user, co_await profile.get(request.caller));
  co_return json_reply(200, user_json(user, request.caller));
}

Reply update_me(Profile& profile, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::optional<std::string> name = body.text("display_name", {.least = 0, .most = 200});
  const std::optional<bool> marketing = body.boolean("marketing_emails");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::UserRow user,
         co_await profile.update(request.caller, std::move(name), marketing));
  co_return json_reply(200, user_json(user, request.caller));
}

Reply change_password(Profile& profile, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString current =
      body.required_secret("current_password", {.least = 1, .most = kMostTextBytes});
  SecureString fresh = body.required_secret("new_password", {.least = 0, .most = kMostTextBytes});
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(
      co_await profile.change_password(request.caller, std::move(current), std::move(fresh)));
  co_return empty_reply();
}

}  // namespace

void add_profile_routes(http::Router& router, Profile& profile) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, std::string action,
                       std::string scope, Reply (*handler)(Profile&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, profile)});
  };
  add(kGet, "/v1/auth/me", "user.read", "profile:read", get_me);
  add(kPatch, "/v1/auth/me", "user.update", "profile:write", update_me);
  add(kPost, "/v1/auth/change-password", "auth.change_password", "profile:write", change_password);
}

}  // namespace oneclaw::api

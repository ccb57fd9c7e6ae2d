// /v1/secrets/{secret_id}/share, /v1/share, /v1/shares
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/shares.h"
#include "service/sign_in.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Shares;

namespace {

constexpr JsonBody::TextRule kPassphrase{.least = 4, .most = service::kMostPasswordBytes};

Reply create(Shares& shares, Request& request) {
  CO_TRY(const Uuid secret_id, request.path_uuid("secret_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewShare share;
  share.recipient_type = body.required_text("recipient_type", {.least = 1, .most = 32});
  share.recipient_id = body.uuid("recipient_id");
  if (const auto email = body.text("email", {.least = 1})) {
    const auto normal = service::normalize_email(*email);
    body.note(normal);
    if (normal.ok()) share.email = *normal;
  }
  if (auto permissions = body.texts("permissions", 16)) share.permissions = std::move(*permissions);
  share.max_access_count = body.integer("max_access_count", 1, 1'000'000'000);
  if (!body.has("expires_at")) body.mistake("expires_at", "is required");
  share.expires_at = body.time("expires_at").value_or(TimePoint{});
  if (body.has("passphrase")) share.passphrase = body.required_secret("passphrase", kPassphrase);
  if (auto blocks = body.texts("ip_allowlist", service::kMostShareBlocks)) {
    share.ip_allowlist = std::move(*blocks);
  }
  CO_CHECK_OK(body.check());
  CO_TRY(const service::CreatedShare created,
         co_await shares.create(request.caller, secret_id, std::move(share)));
  json::object answer(wiping_storage());
  answer["id"] = created.share.id.to_string();
  answer["share_url"] = created.url.view();
  if (!created.link_token.empty()) answer["share_id"] = created.link_token.view();
  answer["recipient_type"] = created.share.recipient_type;
  if (created.share.recipient_email) answer["recipient_email"] = *created.share.recipient_email;
  answer["expires_at"] = to_rfc3339(created.share.expires_at);
  if (created.share.max_access_count) answer["max_access_count"] = *created.share.max_access_count;
  co_return secret_reply(201, answer);
}

/// From the header, or from the body (which a GET may have: published clients send it so). Never
/// from the URL.
Result<std::optional<SecureString>> passphrase_of(const Request& request) {
  if (const auto header = request.header("X-Share-Passphrase")) {
    return std::optional(SecureString(*header));
  }
  if (request.body().empty()) return std::optional<SecureString>();
  TRY(JsonBody body, JsonBody::parse(request));
  if (!body.has("passphrase")) return std::optional<SecureString>();
  SecureString passphrase =
      body.required_secret("passphrase", {.least = 1, .most = service::kMostPasswordBytes});
  CHECK_OK(body.check());
  return std::optional(std::move(passphrase));
}

Reply open(Shares& shares, Request& request) {
  CO_TRY(std::optional<SecureString> passphrase, passphrase_of(request));
  CO_TRY(const service::OpenedShare opened,
         co_await shares.open(request.caller, SecureString(request.path_param("share_id")),
                              std::move(passphrase)));
  json::object answer(wiping_storage());
  answer["id"] = opened.share.id.to_string();
  answer["path"] = opened.metadata.path;
  answer["type"] = opened.metadata.version.type;
  answer["version"] = opened.metadata.version.version;
  answer["value"] = as_text(opened.value);
  answer["access_count"] = opened.share.access_count;
  if (opened.share.max_access_count) answer["max_access_count"] = *opened.share.max_access_count;
  answer["expires_at"] = to_rfc3339(opened.share.expires_at);
  co_return secret_reply(200, answer);
}

http::Response share_list(const std::vector<store::ListedShare>& rows) {
  const TimePoint at = now();
  json::object answer;
  answer["shares"] = list_of(rows, [&](const store::ListedShare& row) {
    const auto& [share, path] = row;
    json::object item;
    item["id"] = share.id.to_string();
    item["secret_id"] = share.secret_id.to_string();
    item["secret_path"] = path;
    item["recipient_type"] = share.recipient_type;
    if (share.recipient_id) item["recipient_id"] = share.recipient_id->to_string();
    if (share.recipient_email) item["recipient_email"] = *share.recipient_email;
    item["created_by"] = share.created_by.to_string();
    item["created_by_type"] = share.created_by_type;
    item["access_count"] = share.access_count;
    if (share.max_access_count) item["max_access_count"] = *share.max_access_count;
    item["expires_at"] = to_rfc3339(share.expires_at);
    item["created_at"] = to_rfc3339(share.created_at);
    item["is_expired"] = share.expires_at <= at;
    item["is_accepted"] = share.accepted_at.has_value();
    item["is_declined"] = share.declined_at.has_value();
    item["has_passphrase"] = share.passphrase_hash.has_value();
    item["is_locked"] = share.passphrase_tries >= service::kMostPassphraseTries;
    return item;
  });
  return json_reply(200, answer);
}

Reply outbound(Shares& shares, Request& request) {
  CO_TRY(const auto rows, co_await shares.outbound(request.caller));
  co_return share_list(rows);
}

Reply inbound(Shares& shares, Request& request) {
  CO_TRY(const auto rows, co_await shares.inbound(request.caller));
  co_return share_list(rows);
}

Reply accept(Shares& shares, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("share_id"));
  CO_CHECK_OK(co_await shares.accept(request.caller, id));
  co_return empty_reply();
}

Reply decline(Shares& shares, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("share_id"));
  CO_CHECK_OK(co_await shares.decline(request.caller, id));
  co_return empty_reply();
}

Reply revoke(Shares& shares, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("share_id"));
  CO_CHECK_OK(co_await shares.revoke(request.caller, id));
  co_return empty_reply();
}

}  // namespace

void add_share_routes(http::Router& router, Shares& shares) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, http::Access access,
                       std::string action, std::string scope, Reply (*handler)(Shares&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, shares)});
  };
  using enum http::Access;
  add(kPost, "/v1/secrets/{secret_id}/share", kPrincipal, "share.create", "shares:write", create);
  add(kGet, "/v1/share/{share_id}", kOptional, "share.access", "shares:read", open);
  add(kDelete, "/v1/share/{share_id}", kPrincipal, "share.revoke", "shares:write", revoke);
  add(kGet, "/v1/shares/outbound", kPrincipal, "share.list_outbound", "shares:read", outbound);
  add(kGet, "/v1/shares/inbound", kPrincipal, "share.list_inbound", "shares:read", inbound);
  add(kPost, "/v1/shares/{share_id}/accept", kPrincipal, "share.accept", "shares:write", accept);
  add(kPost, "/v1/shares/{share_id}/decline", kPrincipal, "share.decline", "shares:write", decline);
}

}  // namespace oneclaw::api

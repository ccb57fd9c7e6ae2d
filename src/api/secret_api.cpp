// /v1/vaults/{vault_id}/secrets and their versions.
#include <boost/json/array.hpp>
#include <charconv>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "base/encoding.h"
#include "base/json_text.h"
#include "service/rotations.h"
#include "service/secrets.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::SecretMetadata;
using service::Secrets;

namespace {

constexpr std::size_t kMostMetadataBytes = 16U * 1024;
constexpr std::size_t kMostPolicyBytes = 1024;

json::object schedule_json(const store::RotationPolicyRow& policy) {
  json::object body;
  body["interval_seconds"] = policy.interval_seconds;
  body["length"] = policy.length;
  body["charset"] = policy.charset;
  body["next_rotation_at"] = to_rfc3339(policy.next_rotation_at);
  return body;
}

json::object metadata_json(const SecretMetadata& secret) {
  json::object body;
  body["id"] = secret.secret_id.to_string();
  body["path"] = secret.path;
  body["type"] = secret.version.type;
  body["version"] = secret.version.version;
  set_json(body, "metadata", secret.version.metadata);
  body["created_by"] = secret.version.created_by.to_string();
  body["created_at"] = to_rfc3339(secret.version.created_at);
  set_time(body, "expires_at", secret.version.expires_at);
  if (secret.version.max_access_count) {
    body["max_access_count"] = *secret.version.max_access_count;
    body["access_count"] = secret.version.access_count;
  }
  if (secret.version.cmek_fingerprint) {
    body["cmek_encrypted"] = true;
    body["cmek_fingerprint"] = *secret.version.cmek_fingerprint;
  }
  if (secret.rotation) body["rotation_policy"] = schedule_json(*secret.rotation);
  return body;
}

json::array metadata_list(const std::vector<SecretMetadata>& secrets) {
  return list_of(secrets, [](const SecretMetadata& secret) {
    json::object item = metadata_json(secret);
    item["is_disabled"] = secret.version.is_disabled;
    return item;
  });
}

/// A version number in a path: anything else names no version, so it is 404.
Result<std::int64_t> path_version(const Request& request) {
  const std::string_view text = request.path_param("version");
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || version < 1) {
    return problems::not_found("The secret has no such version.");
  }
  return version;
}

Reply put(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  service::NewSecret secret;
  secret.value = body.required_secret("value", {.least = 0, .most = service::kMostSecretBytes});
  if (auto type = body.text("type", {.least = 0, .most = 64})) secret.type = std::move(*type);
  body.note(service::validate_secret_type(secret.type));
  if (auto metadata = body.object("metadata", kMostMetadataBytes)) {
    secret.metadata_json = std::move(*metadata);
  }
  secret.expires_at = body.time("expires_at");
  if (secret.expires_at && *secret.expires_at <= now()) {
    body.mistake("expires_at", "must be in the future");
  }
  secret.max_access_count = body.integer("max_access_count", 1, 1'000'000'000);
  if (const auto policy = body.object("rotation_policy", kMostPolicyBytes)) {
    auto schedule = service::parse_rotation_policy(*policy);
    body.note(schedule);
    if (schedule.ok()) secret.rotation = *schedule;
  }
  secret.clear_rotation = body.is_null("rotation_policy");
  CO_CHECK_OK(body.check());
  CO_TRY(const SecretMetadata stored,
         co_await secrets.put(request.caller, vault_id, std::string(request.path_param("path")),
                              std::move(secret)));
  co_return json_reply(201, metadata_json(stored));
}

/// metadata_json() and the value, as text: what is read most.
http::Response value_reply(const service::SecretValue& secret) {
  const store::VersionRow& version = secret.metadata.version;
  constexpr std::size_t kNames = 400;
  http::Response response;
  response.no_store = true;
  SecureString& text = response.body;
  text.reserve(kNames + secret.metadata.path.size() + version.metadata.size() +
               secret.value.size() * 5 / 4);
  text.push_back('{');
  JsonMembers members(text);
  members.text("id", secret.metadata.secret_id.to_string())
      .text("path", secret.metadata.path)
      .text("type", version.type)
      .number("version", version.version)
      .json("metadata", version.metadata)
      .text("created_by", version.created_by.to_string())
      .text("created_at", to_rfc3339(version.created_at));
  if (version.expires_at) members.text("expires_at", to_rfc3339(*version.expires_at));
  if (version.max_access_count) {
    members.number("max_access_count", *version.max_access_count)
        .number("access_count", version.access_count);
  }
  if (version.cmek_fingerprint) members.text("cmek_fingerprint", *version.cmek_fingerprint);
  members.text("value", as_text(secret.value))
      .json("cmek_encrypted", version.cmek_fingerprint ? "true" : "false");
  text.push_back('}');
  return response;
}

Reply get(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const service::SecretValue secret,
         co_await secrets.get(request.caller, vault_id, std::string(request.path_param("path")),
                              std::nullopt));
  co_return value_reply(secret);
}

Reply get_version(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const std::int64_t version, path_version(request));
  CO_TRY(const service::SecretValue secret,
         co_await secrets.get(request.caller, vault_id, std::string(request.path_param("path")),
                              version));
  co_return value_reply(secret);
}

Reply list(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const std::int64_t limit,
         request.query_integer("limit", service::kMostListed, 1, service::kMostListed));
  std::string after;
  if (const auto cursor = request.query("cursor")) {
    const auto decoded = from_base64url(*cursor);
    if (!decoded || decoded->empty()) {
      co_return problems::validation("cursor", "isn't one that this server gave");
    }
    after = as_text(*decoded);
  }
  CO_TRY(const service::SecretPage page,
         co_await secrets.list(request.caller, vault_id,
                               std::string(request.query("prefix").value_or("")), std::move(after),
                               limit));
  json::object answer;
  answer["secrets"] = metadata_list(page.secrets);
  if (page.next_path) answer["next_cursor"] = to_base64url(as_bytes(*page.next_path));
  co_return json_reply(200, answer);
}

Reply versions(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const auto rows, co_await secrets.versions(request.caller, vault_id,
                                                    std::string(request.path_param("path"))));
  json::object answer;
  answer["versions"] = metadata_list(rows);
  co_return json_reply(200, answer);
}

Reply disable_version(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const std::int64_t version, path_version(request));
  CO_CHECK_OK(co_await secrets.disable_version(request.caller, vault_id,
                                               std::string(request.path_param("path")), version));
  co_return empty_reply();
}

Reply rotate(service::Rotations& rotations, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  service::RotateOptions options;
  if (!request.body().empty()) {
    CO_TRY(JsonBody body, JsonBody::parse(request));
    options.length = body.integer("length", service::kLeastGenerated, service::kMostGenerated)
                         .value_or(options.length);
    if (const auto name = body.text("charset", {.least = 1, .most = 32})) {
      const auto charset = crypto::parse_charset(*name);
      if (!charset) body.mistake("charset", "must be hex, base64, alphanumeric or ascii");
      options.charset = charset.value_or(options.charset);
    }
    options.type = body.text("type", {.least = 0, .most = 64});
    if (options.type) body.note(service::validate_secret_type(*options.type));
    CO_CHECK_OK(body.check());
  }
  CO_TRY(const SecretMetadata stored,
         co_await rotations.rotate(request.caller, vault_id,
                                   std::string(request.path_param("path")), std::move(options)));
  co_return json_reply(201, metadata_json(stored));
}

Reply remove(Secrets& secrets, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_CHECK_OK(
      co_await secrets.remove(request.caller, vault_id, std::string(request.path_param("path"))));
  co_return empty_reply();
}

}  // namespace

void add_secret_routes(http::Router& router, Secrets& secrets) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(Secrets&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/vaults/{vault_id}/" + tail,
                .access = http::Access::kPrincipal,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, secrets)});
  };
  add(kGet, "secrets", "secret.list", "secrets:read", list);
  add(kPut, "secrets/{*path}", "secret.write", "secrets:write", put);
  add(kGet, "secrets/{*path}", "secret.read", "secrets:read", get);
  add(kDelete, "secrets/{*path}", "secret.delete", "secrets:delete", remove);
  add(kGet, "secret-versions/{*path}", "secret.versions", "secrets:read", versions);
  add(kGet, "secret-version/{*path}/{version}", "secret.read", "secrets:read", get_version);
  add(kPost, "secret-version-disable/{*path}/{version}", "secret.disable_version", "secrets:delete",
      disable_version);
}

void add_rotation_routes(http::Router& router, service::Rotations& rotations) {
  router.add({.method = http::Method::kPost,
              .pattern = "/v1/vaults/{vault_id}/secret-rotate/{*path}",
              .access = http::Access::kPrincipal,
              .action = "secret.rotate",
              .scope = "secrets:write",
              .handler = bind_handler(rotate, rotations)});
}

}  // namespace oneclaw::api

// /v1/vaults/{vault_id}/cmek and /cmek-rotate
#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/vault_json.h"
#include "crypto/cmek.h"
#include "service/cmek.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Cmek;

namespace {

json::object job_json(const store::CmekRotationRow& job) {
  json::object body;
  body["id"] = job.id.to_string();
  body["vault_id"] = job.vault_id.to_string();
  body["old_fingerprint"] = job.old_fingerprint;
  body["new_fingerprint"] = job.new_fingerprint;
  body["status"] = job.status;
  body["total_secrets"] = job.total;
  body["processed"] = job.processed;
  if (job.error) body["error"] = *job.error;
  set_time(body, "started_at", job.started_at);
  set_time(body, "completed_at", job.completed_at);
  body["created_at"] = to_rfc3339(job.created_at);
  return body;
}

/// Notes a missing or malformed header as a mistake; never what it held.
Key256 key_of(const Request& request, JsonBody& body, std::string_view header) {
  const auto text = request.header(header);
  if (!text) {
    body.mistake(header, "is required");
    return {};
  }
  auto key = crypto::parse_customer_key(*text);
  if (!key) {
    body.mistake(header, "must be a key of 32 bytes in base64");
    return {};
  }
  return std::move(*key);
}

Reply enable(Cmek& cmek, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string fingerprint = body.required_text("fingerprint", {.least = 1, .most = 128});
  CO_CHECK_OK(body.check());
  CO_TRY(const store::VaultRow vault,
         co_await cmek.enable(request.caller, vault_id, std::move(fingerprint)));
  co_return json_reply(200, vault_json(vault));
}

Reply disable(Cmek& cmek, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const store::VaultRow vault, co_await cmek.disable(request.caller, vault_id));
  co_return json_reply(200, vault_json(vault));
}

Reply rotate(Cmek& cmek, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string new_fingerprint = body.required_text("new_fingerprint", {.least = 1, .most = 128});
  service::CmekKeys keys{key_of(request, body, "x-cmek-old-key"),
                         key_of(request, body, "x-cmek-new-key")};
  CO_CHECK_OK(body.check());
  CO_TRY(
      const store::CmekRotationRow job,
      co_await cmek.rotate(request.caller, vault_id, std::move(keys), std::move(new_fingerprint)));
  http::Response response = json_reply(202, job_json(job));
  response.headers.emplace_back(
      "Location", "/v1/vaults/" + vault_id.to_string() + "/cmek-rotate/" + job.id.to_string());
  co_return response;
}

Reply status(Cmek& cmek, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const Uuid job_id, request.path_uuid("job_id"));
  CO_TRY(const store::CmekRotationRow job, co_await cmek.status(request.caller, vault_id, job_id));
  co_return json_reply(200, job_json(job));
}

}  // namespace

void add_cmek_routes(http::Router& router, Cmek& cmek) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string tail, std::string action, std::string scope,
                       Reply (*handler)(Cmek&, Request&)) {
    router.add({.method = method,
                .pattern = "/v1/vaults/{vault_id}/" + tail,
                .access = http::Access::kUser,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, cmek)});
  };
  add(kPost, "cmek", "cmek.enable", "vaults:write", enable);
  add(kDelete, "cmek", "cmek.disable", "vaults:write", disable);
  add(kPost, "cmek-rotate", "cmek.rotate", "vaults:write", rotate);
  add(kGet, "cmek-rotate/{job_id}", "cmek.rotation_status", "vaults:read", status);
}

}  // namespace oneclaw::api

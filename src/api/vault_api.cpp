// /v1/vaults
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/vault_json.h"
#include "service/vaults.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Vaults;

json::object vault_json(const store::VaultRow& vault) {
  json::object body;
  body["id"] = vault.id.to_string();
  body["name"] = vault.name;
  body["description"] = vault.description;
  body["created_by"] = vault.created_by.to_string();
  body["created_by_type"] = vault.created_by_type;
  body["created_at"] = to_rfc3339(vault.created_at);
  body["cmek_enabled"] = vault.cmek_fingerprint.has_value();
  if (vault.cmek_fingerprint) body["cmek_fingerprint"] = *vault.cmek_fingerprint;
  return body;
}

namespace {

Reply create(Vaults& vaults, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string name = body.required_text("name", {.least = 1, .most = 200});
  std::string description =
      body.text("description", {.least = 0, .most = kMostTextBytes}).value_or("");
  CO_CHECK_OK(body.check());
  CO_TRY(const store::VaultRow vault,
         co_await vaults.create(request.caller, std::move(name), std::move(description)));
  co_return json_reply(201, vault_json(vault));
}

Reply list(Vaults& vaults, Request& request) {
  CO_TRY(const auto rows, co_await vaults.list(request.caller));
  json::object answer;
  answer["vaults"] = list_of(rows, vault_json);
  co_return json_reply(200, answer);
}

Reply get(Vaults& vaults, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_TRY(const store::VaultRow vault, co_await vaults.get(request.caller, vault_id));
  co_return json_reply(200, vault_json(vault));
}

Reply remove(Vaults& vaults, Request& request) {
  CO_TRY(const Uuid vault_id, request.path_uuid("vault_id"));
  CO_CHECK_OK(co_await vaults.remove(request.caller, vault_id));
  co_return empty_reply();
}

}  // namespace

void add_vault_routes(http::Router& router, Vaults& vaults) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, http::Access access,
                       std::string action, std::string scope, Reply (*handler)(Vaults&, Request&)) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = bind_handler(handler, vaults)});
  };
  add(kPost, "/v1/vaults", http::Access::kUser, "vault.create", "vaults:write", create);
  add(kGet, "/v1/vaults", http::Access::kPrincipal, "vault.list", "vaults:read", list);
  add(kGet, "/v1/vaults/{vault_id}", http::Access::kPrincipal, "vault.read", "vaults:read", get);
  add(kDelete, "/v1/vaults/{vault_id}", http::Access::kUser, "vault.delete", "vaults:write",
      remove);
}

}  // namespace oneclaw::api

// /v1/health
#include "api/reply.h"
#include "api/routes.h"
#include "crypto/keyring.h"

namespace oneclaw::api {

namespace json = boost::json;
using crypto::Keyring;
using http::Request;

namespace {

Reply health(Keyring& keyring, Request& /*request*/) {
  const crypto::KeyringStatus status = keyring.status();
  const bool sealed = status.state == crypto::KeyringState::kSealed ||
                      status.state == crypto::KeyringState::kUninitialized;
  json::object body;
  body["status"] = status.ready ? "healthy" : sealed ? "sealed" : "degraded";
  body["sealed"] = sealed;
  body["version"] = ONECLAW_VERSION;
  co_return json_reply(200, body);
}

Reply keyring_health(Keyring& keyring, Request& /*request*/) {
  const crypto::KeyringStatus status = keyring.status();
  json::object body;
  body["status"] = status.ready ? "ok" : crypto::to_string(status.state);
  body["provider"] = status.provider;
  body["detail"] = status.detail;
  co_return json_reply(200, body);
}

}  // namespace

void add_health_routes(http::Router& router, Keyring& keyring) {
  const auto add = [&](std::string pattern, Reply (*handler)(Keyring&, Request&)) {
    router.add({.method = http::Method::kGet,
                .pattern = std::move(pattern),
                .access = http::Access::kPublic,
                .action = {},
                .scope = {},
                .handler = bind_handler(handler, keyring)});
  };
  add("/v1/health", health);
  add("/v1/health/hsm", keyring_health);
}

}  // namespace oneclaw::api

// The public keys that verify our tokens.
#include <boost/json/array.hpp>

#include "api/reply.h"
#include "api/routes.h"
#include "base/encoding.h"
#include "crypto/jwt.h"
#include "service/tokens.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using http::Response;
using service::Tokens;

namespace {

Reply public_key(Tokens& tokens, Request& /*request*/) {
  json::object body;
  body["alg"] = "EdDSA";
  body["public_key_base64"] = to_base64(tokens.signing_keys()->signer->public_key());
  co_return json_reply(200, body);
}

Reply jwks(Tokens& tokens, Request& /*request*/) {
  const auto set = tokens.signing_keys();
  json::object body;
  body["keys"] =
      list_of(set->verifying, [](const auto& key) { return crypto::public_jwk(key.kid, key.key); });
  Response response = json_reply(200, body);
  response.content_type = "application/jwk-set+json";
  co_return response;
}

}  // namespace

void add_token_key_routes(http::Router& router, Tokens& tokens) {
  const auto add = [&](std::string pattern, Reply (*handler)(Tokens&, Request&)) {
    router.add({.method = http::Method::kGet,
                .pattern = std::move(pattern),
                .access = http::Access::kPublic,
                .action = {},
                .scope = {},
                .handler = bind_handler(handler, tokens)});
  };
  add("/v1/auth/jwt-public-key", public_key);
  add("/.well-known/jwks.json", jwks);
}

}  // namespace oneclaw::api

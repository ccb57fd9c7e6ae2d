// Our own tokens. libsodium verifies Ed25519 in less than half of OpenSSL's time.
#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.h"
#include "crypto/jws.h"
#include "crypto/jwt.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxTokenBytes = 8UL * 1024;
constexpr std::chrono::seconds kClockSkew{30};

Problem invalid() {
  return problems::unauthorized("The token is invalid.");
}

std::string encoded_header(std::string_view kid) {
  const json::object header{{"alg", "EdDSA"}, {"kid", kid}, {"typ", "JWT"}};
  return to_base64url(as_bytes(json::serialize(header)));
}

std::string encoded_payload(const Claims& claims) {
  json::object payload{{"iss", claims.issuer},
                       {"sub", claims.subject},
                       {"org_id", claims.org_id.to_string()},
                       {"role", claims.role},
                       {"scopes", json::array(claims.scopes.begin(), claims.scopes.end())},
                       {"iat", to_unix_seconds(claims.issued_at)},
                       {"nbf", to_unix_seconds(claims.not_before)},
                       {"exp", to_unix_seconds(claims.expires_at)},
                       {"jti", claims.id.to_string()},
                       {"ver", claims.token_version}};
  if (!claims.vault_ids.empty()) {
    json::array& ids = payload["vault_ids"].emplace_array();
    for (const Uuid& id : claims.vault_ids) ids.emplace_back(id.to_string());
  }
  if (claims.api_key_id) payload["cid"] = claims.api_key_id->to_string();
  if (claims.session_id) payload["sid"] = claims.session_id->to_string();
  return to_base64url(as_bytes(json::serialize(payload)));
}

SecureString unsigned_token(std::string_view kid, const Claims& claims) {
  SecureString token;
  token.append(encoded_header(kid));
  token.push_back('.');
  token.append(encoded_payload(claims));
  return token;
}

void append_signature(SecureString& token, ByteView signature) {
  token.push_back('.');
  token.append(to_base64url(signature));
}

std::optional<Uuid> uuid_value(const json::value& value) {
  return value.is_string() ? Uuid::parse(value.get_string()) : std::nullopt;
}

std::optional<Uuid> uuid_claim(const json::object& claims, std::string_view name) {
  const json::value* const claim = claims.if_contains(name);
  return claim ? uuid_value(*claim) : std::nullopt;
}

bool is_subject(std::string_view subject) {
  for (const std::string_view type : {"user:", "agent:"}) {
    if (subject.starts_with(type)) return Uuid::parse(subject.substr(type.size())).has_value();
  }
  return false;
}

bool read_scopes(const json::object& payload, std::vector<std::string>& out) {
  const json::value* const claim = payload.if_contains("scopes");
  if (!claim || !claim->is_array()) return false;
  for (const json::value& scope : claim->get_array()) {
    if (!scope.is_string()) return false;
    out.emplace_back(scope.get_string());
  }
  return true;
}

// An empty list would read as "not narrowed", so it is refused.
bool read_vault_ids(const json::object& payload, std::vector<Uuid>& out) {
  const json::value* const claim = payload.if_contains("vault_ids");
  if (!claim) return true;
  if (!claim->is_array() || claim->get_array().empty()) return false;
  for (const json::value& value : claim->get_array()) {
    const std::optional<Uuid> id = uuid_value(value);
    if (!id) return false;
    out.push_back(*id);
  }
  return true;
}

std::optional<Claims> read_claims(const json::object& payload) {
  std::optional<std::string> issuer = text_claim(payload, "iss");
  std::optional<std::string> subject = text_claim(payload, "sub");
  const std::optional<Uuid> org_id = uuid_claim(payload, "org_id");
  std::optional<std::string> role = text_claim(payload, "role");
  const std::optional<TimePoint> issued_at = date_claim(payload, "iat");
  const std::optional<TimePoint> not_before = date_claim(payload, "nbf");
  const std::optional<TimePoint> expires_at = date_claim(payload, "exp");
  const std::optional<Uuid> id = uuid_claim(payload, "jti");
  const json::value* const version = payload.if_contains("ver");
  if (!issuer || !subject || !is_subject(*subject) || !org_id || !role || role->empty() ||
      !issued_at || !not_before || !expires_at || !id || !version || !version->is_int64()) {
    return std::nullopt;
  }
  Claims claims;
  claims.issuer = std::move(*issuer);
  claims.subject = std::move(*subject);
  claims.org_id = *org_id;
  claims.role = std::move(*role);
  claims.issued_at = *issued_at;
  claims.not_before = *not_before;
  claims.expires_at = *expires_at;
  claims.id = *id;
  claims.token_version = version->get_int64();
  if (!read_scopes(payload, claims.scopes) || !read_vault_ids(payload, claims.vault_ids)) {
    return std::nullopt;
  }
  if (payload.contains("cid")) {
    claims.api_key_id = uuid_claim(payload, "cid");
    if (!claims.api_key_id) return std::nullopt;
  }
  if (payload.contains("sid")) {
    claims.session_id = uuid_claim(payload, "sid");
    if (!claims.session_id) return std::nullopt;
  }
  return claims;
}

}  // namespace

SecureString sign_token(const Ed25519Key& key, const Claims& claims) {
  SecureString token = unsigned_token(key.kid(), claims);
  append_signature(token, key.sign(token.bytes()));
  return token;
}

Result<SecureString> sign_token(const Signer& signer, const Claims& claims) {
  SecureString token = unsigned_token(signer.kid(), claims);
  TRY(const Bytes signature, signer.sign(token.bytes()));
  append_signature(token, signature);
  return token;
}

TokenVerifier::TokenVerifier(const std::vector<PublicKey>& keys, std::string issuer)
    : issuer_(std::move(issuer)) {
  for (const PublicKey& key : keys) {
    if (key.key.size() != crypto_sign_PUBLICKEYBYTES) continue;
    entries_.push_back({.header = encoded_header(key.kid), .key = key.key});
  }
}

Result<Claims> TokenVerifier::verify(std::string_view token, TimePoint at) const {
  if (token.size() > kMaxTokenBytes) return invalid();
  const std::optional<CompactJws> parts = split_jws(token);
  if (!parts) return invalid();
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& candidate) {
    return candidate.header == parts->header;
  });
  if (entry == entries_.end()) return invalid();
  const std::optional<Bytes> signature = from_base64url(parts->signature);
  const ByteView message = as_bytes(parts->signing_input);
  if (!signature || signature->size() != crypto_sign_BYTES ||
      crypto_sign_verify_detached(signature->data(), message.data(), message.size(),
                                  entry->key.data()) != 0) {
    return invalid();
  }
  const std::optional<json::object> payload = decode_object(parts->payload);
  if (!payload) return invalid();
  std::optional<Claims> claims = read_claims(*payload);
  if (!claims || claims->issuer != issuer_ || at < claims->not_before - kClockSkew) {
    return invalid();
  }
  if (at >= claims->expires_at) return problems::unauthorized("The token has expired.");
  return std::move(*claims);
}

}  // namespace oneclaw::crypto

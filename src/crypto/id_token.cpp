#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.h"
#include "crypto/jws.h"
#include "crypto/jwt.h"
#include "crypto/rs256.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxIdTokenBytes = 16UL * 1024;
constexpr std::size_t kMaxSubjectBytes = 255;  // OpenID Connect Core §2

Problem invalid() {
  return problems::unauthorized("The ID token is invalid.");
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Absent is well: both members are optional (RFC 7517 §4.2, §4.4).
bool is_absent_or(const json::object& key, std::string_view name, std::string_view expected) {
  return !key.contains(name) || text_claim(key, name) == expected;
}

bool key_verifies(const json::object& key, const CompactJws& parts, ByteView signature) {
  const std::optional<std::string> n = text_claim(key, "n");
  const std::optional<std::string> e = text_claim(key, "e");
  if (text_claim(key, "kty") != "RSA" || !is_absent_or(key, "alg", "RS256") ||
      !is_absent_or(key, "use", "sig") || !n || !e) {
    return false;
  }
  const std::optional<Bytes> modulus = from_base64url(*n);
  const std::optional<Bytes> exponent = from_base64url(*e);
  return modulus && exponent &&
         verify_rs256(*modulus, *exponent, as_bytes(parts.signing_input), signature);
}

bool is_signed(const CompactJws& parts, std::string_view jwks_json) {
  const std::optional<json::object> header = decode_object(parts.header);
  const std::optional<Bytes> signature = from_base64url(parts.signature);
  if (!header || text_claim(*header, "alg") != "RS256" || header->contains("crit") || !signature) {
    return false;
  }
  const std::optional<std::string> kid = text_claim(*header, "kid");
  if (!kid) return false;

  json::error_code error;
  const json::value jwks = json::parse(jwks_json, error);
  if (error || !jwks.is_object()) return false;
  const json::value* const keys = jwks.get_object().if_contains("keys");
  if (!keys || !keys->is_array()) return false;
  const json::array& list = keys->get_array();
  return std::any_of(list.begin(), list.end(), [&](const json::value& key) {
    return key.is_object() && text_claim(key.get_object(), "kid") == kid &&
           key_verifies(key.get_object(), parts, *signature);
  });
}

bool is_meant_for(const json::object& claims, const std::vector<std::string>& audiences) {
  const json::value* const aud = claims.if_contains("aud");
  if (!aud) return false;
  if (aud->is_string()) return contains(audiences, aud->get_string());
  if (!aud->is_array()) return false;
  bool found = false;
  for (const json::value& entry : aud->get_array()) {
    if (!entry.is_string()) return false;
    found = found || contains(audiences, entry.get_string());
  }
  return found;
}

// Absent is the empty string. Nothing with a control character is a name or an address.
bool read_text(const json::object& claims, std::string_view name, std::string& out) {
  if (!claims.contains(name)) return true;
  std::optional<std::string> text = text_claim(claims, name);
  if (!text || std::any_of(text->begin(), text->end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    return false;
  }
  out = std::move(*text);
  return true;
}

std::optional<IdToken> read_claims(const json::object& claims) {
  IdToken out;
  if (!read_text(claims, "sub", out.subject) || !read_text(claims, "email", out.email) ||
      !read_text(claims, "name", out.name) || out.subject.empty() ||
      out.subject.size() > kMaxSubjectBytes) {
    return std::nullopt;
  }
  const json::value* const verified = claims.if_contains("email_verified");
  out.email_verified = verified && verified->is_bool() && verified->get_bool();
  return out;
}

}  // namespace

std::optional<std::string> unverified_kid(std::string_view token) {
  if (token.size() > kMaxIdTokenBytes) return std::nullopt;
  const std::optional<CompactJws> parts = split_jws(token);
  if (!parts) return std::nullopt;
  const std::optional<json::object> header = decode_object(parts->header);
  return header ? text_claim(*header, "kid") : std::nullopt;
}

Result<IdToken> verify_id_token(std::string_view token, std::string_view jwks_json,
                                const IdTokenRules& rules, TimePoint at) {
  if (token.size() > kMaxIdTokenBytes) return invalid();
  const std::optional<CompactJws> parts = split_jws(token);
  if (!parts || !is_signed(*parts, jwks_json)) return invalid();
  const std::optional<json::object> claims = decode_object(parts->payload);
  if (!claims) return invalid();

  const std::optional<std::string> issuer = text_claim(*claims, "iss");
  const std::optional<TimePoint> issued_at = date_claim(*claims, "iat");
  const std::optional<TimePoint> expires_at = date_claim(*claims, "exp");
  if (!issuer || !contains(rules.issuers, *issuer) || !is_meant_for(*claims, rules.audiences) ||
      !issued_at || at < *issued_at - rules.leeway || !expires_at) {
    return invalid();
  }
  if (claims->contains("nbf")) {
    const std::optional<TimePoint> not_before = date_claim(*claims, "nbf");
    if (!not_before || at < *not_before - rules.leeway) return invalid();
  }
  std::optional<IdToken> id_token = read_claims(*claims);
  if (!id_token) return invalid();
  if (at >= *expires_at + rules.leeway) {
    return problems::unauthorized("The ID token has expired.");
  }
  return std::move(*id_token);
}

}  // namespace oneclaw::crypto

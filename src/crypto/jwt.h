// JWTs (RFC 7519): our own, EdDSA (RFC 8037); and RS256 ID tokens of an outside issuer.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "crypto/signer.h"

namespace oneclaw::crypto {

/// An Ed25519 signing key (RFC 8032); the seed lives in guarded memory.
class Ed25519Key {
 public:
  static Ed25519Key generate();
  static Ed25519Key from_seed(Key256 seed);

  [[nodiscard]] const Key256& seed() const { return seed_; }
  [[nodiscard]] ByteView public_key() const { return public_key_; }  ///< 32 bytes
  /// The RFC 7638 thumbprint of the public JWK, base64url: the `kid`.
  [[nodiscard]] const std::string& kid() const { return kid_; }
  [[nodiscard]] Bytes sign(ByteView message) const;  ///< 64 bytes

 private:
  Ed25519Key(Key256 seed, Bytes public_key, std::string kid);
  Key256 seed_;
  Bytes public_key_;
  std::string kid_;
};

/// The claims of a oneclaw token.
struct Claims {
  std::string issuer;
  std::string subject;  ///< `user:<uuid>` or `agent:<uuid>`
  Uuid org_id;
  std::string role;
  std::vector<std::string> scopes;
  std::vector<Uuid> vault_ids;  ///< left out of the token when empty
  TimePoint issued_at{};
  TimePoint not_before{};
  TimePoint expires_at{};
  Uuid id;                         ///< `jti`
  std::int64_t token_version = 0;  ///< `ver`: the principal's token version at issue
  std::optional<Uuid> api_key_id;  ///< `cid`: the personal API key it came from
  std::optional<Uuid> session_id;  ///< `sid`: the refresh family it came with
};

/// The RFC 7638 thumbprint of an Ed25519 public key's JWK, base64url.
std::string key_id_of(ByteView public_key);

/// Signs `claims` as a compact JWS: header {"alg":"EdDSA","kid":…,"typ":"JWT"}.
SecureString sign_token(const Ed25519Key& key, const Claims& claims);
/// The same with a key that may be elsewhere; 503 when it doesn't answer.
Result<SecureString> sign_token(const Signer& signer, const Claims& claims);

/// The keys that verify our tokens. Immutable after construction.
class TokenVerifier {
 public:
  struct PublicKey {
    std::string kid;
    Bytes key;  ///< 32 bytes
  };
  /// A key that hasn't 32 bytes verifies nothing.
  TokenVerifier(const std::vector<PublicKey>& keys, std::string issuer);

  /// 401 unless the token has three strict base64url parts, at most 8 KiB, the very header that
  /// sign_token() writes (so alg EdDSA, never `none` or another, and no `crit`) with a known kid,
  /// a valid signature, our `iss`, every claim well formed, and nbf - 30 s <= at < exp. The detail
  /// says which check failed only as "expired" or "invalid".
  Result<Claims> verify(std::string_view token, TimePoint at) const;

 private:
  struct Entry {
    std::string header;  ///< the first part of every token signed with this key
    Bytes key;
  };
  std::vector<Entry> entries_;
  std::string issuer_;
};

/// The public JWK {"kty":"OKP","crv":"Ed25519","x":…,"kid":…,"alg":"EdDSA","use":"sig"}.
boost::json::object public_jwk(std::string_view kid, ByteView public_key);

/// What an ID token from outside must satisfy.
struct IdTokenRules {
  std::vector<std::string> issuers;    ///< `iss` is one of these
  std::vector<std::string> audiences;  ///< `aud` (string or array) has one of these
  std::chrono::seconds leeway{60};
};

/// The part of a verified ID token (OpenID Connect Core §2) that sign-in uses.
struct IdToken {
  std::string subject;
  std::string email;
  bool email_verified = false;
  std::string name;
};

/// The `kid` in the token's header, unverified; nullopt when the token isn't a JWS.
std::optional<std::string> unverified_kid(std::string_view token);

/// Verifies an RS256 (RFC 7518 §3.3) ID token of at most 16 KiB against a JWKS document (RFC 7517;
/// RSA keys of 2048 to 8192 bits), with the key or keys of the token's `kid`, which it must have.
/// 401 for anything that does not hold; `email_verified` is left to the caller.
Result<IdToken> verify_id_token(std::string_view token, std::string_view jwks_json,
                                const IdTokenRules& rules, TimePoint at);

}  // namespace oneclaw::crypto

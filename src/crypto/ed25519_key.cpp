#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/wiped_array.h"

namespace oneclaw::crypto {

// RFC 7638 §3.2, RFC 8037 §2: the required members, sorted, without white space.
std::string key_id_of(ByteView public_key) {
  const std::string jwk =
      R"({"crv":"Ed25519","kty":"OKP","x":")" + to_base64url(public_key) + R"("})";
  return to_base64url(sha256(as_bytes(jwk)));
}

Ed25519Key::Ed25519Key(Key256 seed, Bytes public_key, std::string kid)
    : seed_(std::move(seed)), public_key_(std::move(public_key)), kid_(std::move(kid)) {}

Ed25519Key Ed25519Key::generate() {
  return from_seed(Key256::random());
}

Ed25519Key Ed25519Key::from_seed(Key256 seed) {
  Bytes public_key(crypto_sign_PUBLICKEYBYTES);
  WipedArray<crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.view().data());
  std::string kid = key_id_of(public_key);
  return {std::move(seed), std::move(public_key), std::move(kid)};
}

Bytes Ed25519Key::sign(ByteView message) const {
  WipedArray<crypto_sign_SECRETKEYBYTES> secret;  // libsodium's form: seed, then public key
  std::copy_n(seed_.view().data(), Key256::kSize, secret.data());
  std::copy(public_key_.begin(), public_key_.end(), secret.data() + Key256::kSize);
  Bytes signature(crypto_sign_BYTES);
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
  return signature;
}

boost::json::object public_jwk(std::string_view kid, ByteView public_key) {
  return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", to_base64url(public_key)},
          {"kid", kid},   {"alg", "EdDSA"},   {"use", "sig"}};
}

}  // namespace oneclaw::crypto

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>

#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/openssl_handle.h"
#include "crypto/rs256.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// RFC 7515 appendix A.2.
constexpr std::string_view kRfcModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
    "4qPCJrcS2mJPMEzP1Pt0Bm4d4Q"
    "lL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
    "bSf63kpaSHSXndS5z5rexMdbBYU"
    "sLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"
    "DWNmou"
    "dF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view kRfcInput =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
    "pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kRfcSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5juj"
    "Gbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7"
    "K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np"
    "6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

Bytes decode(std::string_view text) {
  return from_base64url(text).value();
}

TEST(Rs256, KnownAnswer) {
  const Bytes exponent{1, 0, 1};
  const Bytes modulus = decode(kRfcModulus);
  const Bytes signature = decode(kRfcSignature);
  EXPECT_TRUE(verify_rs256(modulus, exponent, as_bytes(kRfcInput), signature));
  EXPECT_FALSE(verify_rs256(modulus, exponent, as_bytes(kRfcInput.substr(1)), signature));
  EXPECT_FALSE(verify_rs256(modulus, Bytes{3}, as_bytes(kRfcInput), signature));
  for (const std::size_t i : {std::size_t{0}, std::size_t{100}, signature.size() - 1}) {
    Bytes forged = signature;
    forged[i] ^= 1;
    EXPECT_FALSE(verify_rs256(modulus, exponent, as_bytes(kRfcInput), forged));
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Rs256, RefusesKeysOutsideTheBounds) {
  const Bytes signature = decode(kRfcSignature);
  const Bytes modulus = decode(kRfcModulus);
  for (const Bytes& exponent : {Bytes{}, Bytes{0}, Bytes{1}, Bytes{2}, Bytes{1, 0, 0},
                                Bytes{1, 0, 0, 0, 0, 0, 0, 0, 1}, Bytes(5000, 0xff)}) {
    EXPECT_FALSE(verify_rs256(modulus, exponent, as_bytes(kRfcInput), signature));
  }
  for (const Bytes& n :
       {Bytes{}, Bytes(256), Bytes(255, 0xff), Bytes(1025, 0xff), Bytes(100'000, 0xff)}) {
    EXPECT_FALSE(verify_rs256(n, Bytes{1, 0, 1}, as_bytes(kRfcInput), signature));
  }
  EXPECT_FALSE(verify_rs256(modulus, Bytes{1, 0, 1}, as_bytes(kRfcInput), {}));
}

constexpr TimePoint kNow = TimePoint{1'700'000'000s};

class RsaKey {
 public:
  explicit RsaKey(unsigned bits) : key_(EVP_RSA_gen(bits)) {}

  [[nodiscard]] json::object jwk(std::string_view kid) const {
    return {{"kty", "RSA"},
            {"kid", kid},
            {"alg", "RS256"},
            {"use", "sig"},
            {"n", number(OSSL_PKEY_PARAM_RSA_N)},
            {"e", number(OSSL_PKEY_PARAM_RSA_E)}};
  }
  [[nodiscard]] Bytes sign(std::string_view message, const EVP_MD* digest = EVP_sha256(),
                           int padding = RSA_PKCS1_PADDING) const {
    const OpensslHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    EXPECT_EQ(EVP_DigestSignInit(context.get(), &options, digest, nullptr, key_.get()), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(options, padding), 1);
    Bytes signature(2048);
    std::size_t size = signature.size();
    const ByteView bytes = as_bytes(message);
    EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()),
              1);
    signature.resize(size);
    return signature;
  }

 private:
  [[nodiscard]] std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key_.get(), name, &value), 1);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value)));
    BN_bn2bin(value, bytes.data());
    BN_free(value);
    return to_base64url(bytes);
  }

  OpensslHandle<EVP_PKEY, EVP_PKEY_free> key_;
};

// Made once: RSA keys are slow to make.
const RsaKey& key_one() {
  static const RsaKey key(2048);
  return key;
}
const RsaKey& key_two() {
  static const RsaKey key(2048);
  return key;
}

json::object make_claims() {
  return {{"iss", "https://accounts.google.com"},
          {"aud", "client-1"},
          {"sub", "1234567890"},
          {"email", "ada@example.com"},
          {"email_verified", true},
          {"name", "Ada"},
          {"iat", 1'700'000'000 - 10},
          {"exp", 1'700'000'000 + 3600}};
}

class IdTokenTest : public testing::Test {
 protected:
  static std::string encode(const json::value& value) {
    return to_base64url(as_bytes(json::serialize(value)));
  }
  static std::string make_token(const json::object& claims,
                                const json::object& header = {{"alg", "RS256"}, {"kid", "one"}},
                                const RsaKey& key = key_one()) {
    const std::string input = encode(header) + "." + encode(claims);
    return input + "." + to_base64url(key.sign(input));
  }
  static std::string make_jwks(const json::array& keys) {
    return json::serialize(json::object{{"keys", keys}});
  }
  [[nodiscard]] Result<IdToken> verify(std::string_view token, TimePoint at = kNow) const {
    return verify_id_token(token, jwks_, rules_, at);
  }
  void expect_invalid(std::string_view token, std::string_view what) const {
    const auto verified = verify(token);
    ASSERT_FALSE(verified.ok()) << what;
    EXPECT_EQ(verified.problem().status, 401) << what;
    EXPECT_EQ(verified.problem().detail, "The ID token is invalid.") << what;
  }
  /// The claims with one changed (or left out, when `value` is empty).
  static json::object with(std::string_view name, std::string_view value) {
    json::object claims = make_claims();
    claims.erase(name);
    if (!value.empty()) claims[name] = json::parse(value);
    return claims;
  }

  std::string jwks_ = make_jwks({key_two().jwk("two"), key_one().jwk("one")});
  IdTokenRules rules_{.issuers = {"https://accounts.google.com", "accounts.google.com"},
                      .audiences = {"client-1", "client-2"}};
};

TEST_F(IdTokenTest, GivesTheClaims) {
  const auto verified = verify(make_token(make_claims()));
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->subject, "1234567890");
  EXPECT_EQ(verified->email, "ada@example.com");
  EXPECT_TRUE(verified->email_verified);
  EXPECT_EQ(verified->name, "Ada");
}

TEST_F(IdTokenTest, TakesOptionalClaimsAsAbsent) {
  json::object claims = make_claims();
  for (const std::string_view name : {"email", "email_verified", "name"}) claims.erase(name);
  const auto verified = verify(make_token(claims));
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->email, "");
  EXPECT_FALSE(verified->email_verified);
  EXPECT_EQ(verified->name, "");
}

TEST_F(IdTokenTest, OnlyTheBooleanTrueVerifiesAnAddress) {
  for (const std::string_view value : {"false", "\"true\"", "1", "null", "[true]"}) {
    const auto verified = verify(make_token(with("email_verified", value)));
    ASSERT_TRUE(verified.ok()) << value;
    EXPECT_FALSE(verified->email_verified) << value;
  }
}

TEST_F(IdTokenTest, TakesAnyOfTheIssuersAndAudiences) {
  EXPECT_TRUE(verify(make_token(with("iss", R"("accounts.google.com")"))).ok());
  EXPECT_TRUE(verify(make_token(with("aud", R"("client-2")"))).ok());
  EXPECT_TRUE(verify(make_token(with("aud", R"(["other","client-2"])"))).ok());
}

TEST_F(IdTokenTest, RefusesClaimsThatDoNotHold) {
  const std::pair<std::string_view, std::vector<std::string_view>> cases[] = {
      {"iss", {"", "1", R"("https://evil.example")", R"("https://accounts.google.com/")"}},
      {"aud", {"", "1", "null", "[]", R"("client-3")", R"(["client-3"])", R"(["client-1",1])"}},
      {"sub", {"", "1", R"("")", R"("a\u0000b")"}},
      {"exp", {"", "null", R"("1700003600")", "1e300", "-1"}},
      {"iat", {"", "null", R"("1700000000")", "1700000061"}},
      {"nbf", {"null", R"("1700000000")", "1700000061"}},
      {"email", {"1", "null", R"("a@b.c\u0000d")", R"("a\nb@c.d")"}},
      {"name", {"1", R"("a\u0007")"}},
  };
  for (const auto& [name, values] : cases) {
    for (const std::string_view value : values) {
      expect_invalid(make_token(with(name, value)), std::string(name) + " " + std::string(value));
    }
  }
  expect_invalid(make_token(with("sub", "\"" + std::string(256, 'x') + "\"")), "long sub");
}

TEST_F(IdTokenTest, AllowsTheLeewayAndNoMore) {
  const std::string token = make_token(make_claims());
  EXPECT_TRUE(verify(token, kNow + 3660s - 1us).ok());
  const auto expired = verify(token, kNow + 3660s);
  ASSERT_FALSE(expired.ok());
  EXPECT_EQ(expired.problem().status, 401);
  EXPECT_EQ(expired.problem().detail, "The ID token has expired.");
  EXPECT_TRUE(verify(make_token(with("iat", "1700000060"))).ok());
  EXPECT_TRUE(verify(make_token(with("nbf", "1700000060"))).ok());
  EXPECT_TRUE(verify(make_token(with("exp", "1700003600.5"))).ok());
}

TEST_F(IdTokenTest, RefusesOtherAlgorithms) {
  for (const std::string_view alg :
       {"none", "HS256", "RS384", "RS512", "PS256", "rs256", "EdDSA", ""}) {
    expect_invalid(make_token(make_claims(), {{"alg", alg}, {"kid", "one"}}), alg);
  }
  expect_invalid(make_token(make_claims(), {{"kid", "one"}}), "no alg");

  const std::string input =
      encode({{"alg", "RS256"}, {"kid", "one"}}) + "." + encode(make_claims());
  expect_invalid(input + "." + to_base64url(key_one().sign(input, EVP_sha512())), "RS512 inside");
  expect_invalid(
      input + "." + to_base64url(key_one().sign(input, EVP_sha256(), RSA_PKCS1_PSS_PADDING)),
      "PS256 inside");
  const std::string unsigned_input =
      encode({{"alg", "none"}, {"kid", "one"}}) + "." + encode(make_claims());
  expect_invalid(unsigned_input + ".", "unsigned");
}

TEST_F(IdTokenTest, RefusesHeadersThatDoNotFit) {
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}}), "no kid");
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}, {"kid", 1}}), "kid of another type");
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}, {"kid", "three"}}), "unknown kid");
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}, {"kid", "two"}}),
                 "kid of another key");
  expect_invalid(
      make_token(make_claims(), {{"alg", "RS256"}, {"kid", "one"}, {"crit", json::array{"x"}}}),
      "crit");
}

TEST_F(IdTokenTest, ChoosesTheKeyByKid) {
  EXPECT_TRUE(
      verify(make_token(make_claims(), {{"alg", "RS256"}, {"kid", "two"}}, key_two())).ok());
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}, {"kid", "one"}}, key_two()),
                 "wrong key");
  jwks_ = make_jwks({key_two().jwk("one"), key_one().jwk("one")});
  EXPECT_TRUE(verify(make_token(make_claims())).ok()) << "two keys of one kid";
}

TEST_F(IdTokenTest, RefusesEveryTruncationAndChange) {
  const std::string token = make_token(make_claims());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = static_cast<char>(forged[i] ^ 0x01);
    expect_invalid(forged, "byte " + std::to_string(i));
    expect_invalid(std::string_view(token).substr(0, i), "size " + std::to_string(i));
  }
  for (const std::string& bad :
       {token + ".", token + ".x", token + "=", token + '\0', " " + token, std::string("a.b.c"),
        std::string(20'000, '.'), std::string(1'000'000, 'A')}) {
    expect_invalid(bad, bad.substr(0, 80));
  }
}

TEST_F(IdTokenTest, RefusesKeysThatDoNotFit) {
  const std::string token = make_token(make_claims());
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"kty", R"("oct")"}, {"kty", R"("EC")"},     {"kty", "1"},       {"alg", R"("RS512")"},
      {"alg", "null"},     {"use", R"("enc")"},    {"n", "1"},         {"n", R"("")"},
      {"n", R"("AQ")"},    {"n", R"("not b64!")"}, {"e", R"("AQ")"},   {"e", R"("AA")"},
      {"e", "65537"},      {"kid", "1"},           {"kid", R"("ONE")"}};
  for (const auto& [name, value] : changes) {
    json::object key = key_one().jwk("one");
    key[name] = json::parse(value);
    jwks_ = make_jwks({key});
    expect_invalid(token, std::string(name) + " " + std::string(value));
  }
  for (const std::string_view name : {"kty", "n", "e", "kid"}) {
    json::object key = key_one().jwk("one");
    key.erase(name);
    jwks_ = make_jwks({key});
    expect_invalid(token, name);
  }
  json::object bare = key_one().jwk("one");
  bare.erase("alg");
  bare.erase("use");
  jwks_ = make_jwks({bare, 1, nullptr});
  EXPECT_TRUE(verify(token).ok()) << "alg and use are optional";
  for (const std::string_view jwks :
       {"", "{", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", "null"}) {
    jwks_ = jwks;
    expect_invalid(token, jwks);
  }
}

TEST_F(IdTokenTest, RefusesShortKeys) {
  const RsaKey weak(1024);
  jwks_ = make_jwks({weak.jwk("weak")});
  expect_invalid(make_token(make_claims(), {{"alg", "RS256"}, {"kid", "weak"}}, weak), "1024 bits");
}

TEST_F(IdTokenTest, RefusesAMacKeyedWithThePublicKey) {
  json::object oct = {{"kty", "oct"}, {"kid", "one"}, {"k", to_base64url(Bytes(32))}};
  jwks_ = make_jwks({oct});
  const std::string input =
      encode({{"alg", "HS256"}, {"kid", "one"}}) + "." + encode(make_claims());
  expect_invalid(input + "." + to_base64url(hmac_sha256(Key256(), as_bytes(input))), "HS256");
}

TEST(UnverifiedKid, ReadsTheHeaderAlone) {
  const auto token = [](std::string_view header) {
    return to_base64url(as_bytes(header)) + ".e30.AA";
  };
  EXPECT_EQ(unverified_kid(token(R"({"kid":"a b"})")), "a b");
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("."), token("{}"), token("[]"),
        token(R"({"kid":1})"), token(R"({"kid":"a")"), token(R"({"kid":"a"})").substr(1),
        token(R"({"kid":"a"})") + ".x", to_base64url(as_bytes(R"({"kid":"a"})")) + ".e30",
        std::string(17'000, 'A') + ".e30.AA"}) {
    EXPECT_EQ(unverified_kid(bad), std::nullopt) << bad.substr(0, 60);
  }
}

}  // namespace
}  // namespace oneclaw::crypto

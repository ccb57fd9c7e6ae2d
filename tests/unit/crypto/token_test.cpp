#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>

#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr TimePoint kIssued = TimePoint{1'700'000'000s};
constexpr std::string_view kIssuer = "http://127.0.0.1:8118";

Claims make_claims() {
  Claims claims;
  claims.issuer = kIssuer;
  claims.subject = "user:01890a5d-ac96-774b-bcce-b302099a8001";
  claims.org_id = Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8002").value();
  claims.role = "owner";
  claims.scopes = {"vaults:read", "secrets:write"};
  claims.issued_at = kIssued;
  claims.not_before = kIssued;
  claims.expires_at = kIssued + 900s;
  claims.id = Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8003").value();
  claims.token_version = 4;
  return claims;
}

std::string encode(std::string_view text) {
  return to_base64url(as_bytes(text));
}

std::string text_of(std::string_view part) {
  return std::string(as_text(from_base64url(part).value()));
}

class TokenTest : public testing::Test {
 protected:
  [[nodiscard]] std::string make_token() const {
    return std::string(sign_token(key_, make_claims()).view());
  }
  [[nodiscard]] std::string header_text() const {
    return R"({"alg":"EdDSA","kid":")" + key_.kid() + R"(","typ":"JWT"})";
  }
  /// Signs any header and payload with the right key.
  [[nodiscard]] std::string forge(std::string_view header, std::string_view payload) const {
    const std::string input = encode(header) + "." + encode(payload);
    return input + "." + to_base64url(key_.sign(as_bytes(input)));
  }
  [[nodiscard]] std::string payload_text() const {
    const std::string token = make_token();
    const std::size_t first = token.find('.');
    return text_of(token.substr(first + 1, token.rfind('.') - first - 1));
  }
  void expect_invalid(std::string_view token, std::string_view what) const {
    const auto verified = verifier_.verify(token, kIssued);
    ASSERT_FALSE(verified.ok()) << what;
    EXPECT_EQ(verified.problem().status, 401) << what;
    EXPECT_EQ(verified.problem().detail, "The token is invalid.") << what;
  }

  Ed25519Key key_ = Ed25519Key::generate();
  TokenVerifier verifier_{{{key_.kid(), Bytes(key_.public_key().begin(), key_.public_key().end())}},
                          std::string(kIssuer)};
};

TEST_F(TokenTest, CarriesEveryClaim) {
  Claims claims = make_claims();
  claims.vault_ids = {Uuid::v4(), Uuid::v4()};
  claims.api_key_id = Uuid::v4();
  claims.role = "a \"quoted\" r\u00f4le";
  const SecureString token = sign_token(key_, claims);
  const auto verified = verifier_.verify(token.view(), kIssued);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->issuer, claims.issuer);
  EXPECT_EQ(verified->subject, claims.subject);
  EXPECT_EQ(verified->org_id, claims.org_id);
  EXPECT_EQ(verified->role, claims.role);
  EXPECT_EQ(verified->scopes, claims.scopes);
  EXPECT_EQ(verified->vault_ids, claims.vault_ids);
  EXPECT_EQ(verified->issued_at, claims.issued_at);
  EXPECT_EQ(verified->not_before, claims.not_before);
  EXPECT_EQ(verified->expires_at, claims.expires_at);
  EXPECT_EQ(verified->id, claims.id);
  EXPECT_EQ(verified->token_version, claims.token_version);
  EXPECT_EQ(verified->api_key_id, claims.api_key_id);
}

TEST_F(TokenTest, HasTheDocumentedJson) {
  const std::string token = make_token();
  EXPECT_EQ(text_of(token.substr(0, token.find('.'))), header_text());
  EXPECT_EQ(json::parse(payload_text()), json::parse(R"({
    "iss":"http://127.0.0.1:8118","sub":"user:01890a5d-ac96-774b-bcce-b302099a8001",
    "org_id":"01890a5d-ac96-774b-bcce-b302099a8002","role":"owner",
    "scopes":["vaults:read","secrets:write"],"iat":1700000000,"nbf":1700000000,"exp":1700000900,
    "jti":"01890a5d-ac96-774b-bcce-b302099a8003","ver":4})"));
}

TEST_F(TokenTest, HoldsFromThirtySecondsBeforeNbfUntilExp) {
  const std::string token = make_token();
  EXPECT_FALSE(verifier_.verify(token, kIssued - 30s - 1us).ok());
  EXPECT_TRUE(verifier_.verify(token, kIssued - 30s).ok());
  EXPECT_TRUE(verifier_.verify(token, kIssued + 900s - 1us).ok());
  const auto expired = verifier_.verify(token, kIssued + 900s);
  ASSERT_FALSE(expired.ok());
  EXPECT_EQ(expired.problem().status, 401);
  EXPECT_EQ(expired.problem().detail, "The token has expired.");
}

TEST_F(TokenTest, RefusesEveryFlippedBitAndEveryOtherCharacter) {
  const std::string token = make_token();
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const int flip : {0x01, 0x02, 0x20, 0x80}) {
      std::string forged = token;
      forged[i] = static_cast<char>(forged[i] ^ flip);
      expect_invalid(forged, "byte " + std::to_string(i));
    }
    for (const char c : {'\0', '.', '=', '\n', 'A'}) {
      if (token[i] == c) continue;
      std::string forged = token;
      forged[i] = c;
      expect_invalid(forged, "byte " + std::to_string(i));
    }
  }
}

TEST_F(TokenTest, RefusesEveryTruncation) {
  const std::string token = make_token();
  for (std::size_t size = 0; size < token.size(); ++size) {
    expect_invalid(std::string_view(token).substr(0, size), "size " + std::to_string(size));
    if (size == 0) continue;
    expect_invalid(std::string_view(token).substr(size), "from " + std::to_string(size));
  }
}

TEST_F(TokenTest, RefusesOtherForms) {
  const std::string token = make_token();
  for (const std::string& bad :
       {token + ".", "." + token, token + ".x", token + "." + token, token + "A", token + "=",
        token + " ", " " + token, token + '\0', token + "\n", "Bearer " + token, std::string("..."),
        std::string(".."), std::string("a.b.c"), std::string(5, '\0'), std::string(8192, '.'),
        std::string(1'000'000, 'A'),
        std::string(4000, 'A') + "." + std::string(4000, 'A') + ".A"}) {
    expect_invalid(bad, bad.substr(0, 80));
  }
}

TEST_F(TokenTest, LimitsTheSizeToEightKibibytes) {
  Claims claims = make_claims();
  const std::size_t base = sign_token(key_, claims).size();
  claims.role += std::string((8192 - base) / 4 * 3 - 6, 'x');
  const SecureString small = sign_token(key_, claims);
  ASSERT_LE(small.size(), 8192U);
  EXPECT_TRUE(verifier_.verify(small.view(), kIssued).ok());
  claims.role += std::string(20, 'x');
  const SecureString large = sign_token(key_, claims);
  ASSERT_GT(large.size(), 8192U);
  expect_invalid(large.view(), "size");
}

TEST_F(TokenTest, RefusesOtherAlgorithms) {
  const std::string kid = R"(,"kid":")" + key_.kid() + R"(","typ":"JWT"})";
  for (const std::string alg : {"none", "None", "NONE", "", "HS256", "RS256", "ES256", "eddsa",
                                "Ed25519", "EdDSA ", "EdDSA\\u0000"}) {
    expect_invalid(forge(R"({"alg":")" + alg + "\"" + kid, payload_text()), alg);
  }
  expect_invalid(forge(R"({"alg":null)" + kid, payload_text()), "null");
  expect_invalid(forge(R"({"alg":["EdDSA"])" + kid, payload_text()), "array");

  const std::string unsigned_token = encode(R"({"alg":"none","kid":")" + key_.kid() + R"("})") +
                                     "." + encode(payload_text()) + ".";
  expect_invalid(unsigned_token, "alg none, empty signature");
  expect_invalid(unsigned_token + "AA", "alg none");

  const std::string input = encode(R"({"alg":"HS256")" + kid) + "." + encode(payload_text());
  const Digest mac = hmac_sha256(Key256(key_.public_key()), as_bytes(input));
  expect_invalid(input + "." + to_base64url(mac), "HS256 keyed with the public key");
}

TEST_F(TokenTest, RefusesOtherHeaders) {
  const std::string payload = payload_text();
  EXPECT_TRUE(verifier_.verify(forge(header_text(), payload), kIssued).ok());
  const std::string open = header_text().substr(0, header_text().size() - 1);
  for (const std::string& header :
       {open + R"(,"crit":["exp"],"exp":1})", open + R"(,"alg":"none"})", open + R"(,"b64":false})",
        open, open + "}}", std::string("[]"), std::string("1"), std::string("{}"),
        std::string(R"({"alg":"EdDSA","typ":"JWT"})"),
        std::string(R"({"alg":"EdDSA","kid":"unknown","typ":"JWT"})"),
        R"({"alg":"EdDSA","kid":")" + key_.kid() + R"(x","typ":"JWT"})"}) {
    expect_invalid(forge(header, payload), header);
  }
}

TEST_F(TokenTest, RefusesAnotherKey) {
  const Ed25519Key other = Ed25519Key::generate();
  expect_invalid(sign_token(other, make_claims()).view(), "unknown kid");
  // Under our kid, signed by another key.
  const std::string input = encode(header_text()) + "." + encode(payload_text());
  expect_invalid(input + "." + to_base64url(other.sign(as_bytes(input))), "wrong key");
  expect_invalid(input + "." + to_base64url(Bytes(64)), "zeros");
}

TEST_F(TokenTest, ChoosesAmongKeysByKid) {
  const Ed25519Key other = Ed25519Key::generate();
  const auto bytes = [](const Ed25519Key& key) {
    return Bytes(key.public_key().begin(), key.public_key().end());
  };
  const TokenVerifier both({{key_.kid(), bytes(key_)}, {other.kid(), bytes(other)}},
                           std::string(kIssuer));
  EXPECT_TRUE(both.verify(sign_token(key_, make_claims()).view(), kIssued).ok());
  EXPECT_TRUE(both.verify(sign_token(other, make_claims()).view(), kIssued).ok());
  const TokenVerifier swapped({{key_.kid(), bytes(other)}, {other.kid(), bytes(key_)}},
                              std::string(kIssuer));
  EXPECT_FALSE(swapped.verify(sign_token(key_, make_claims()).view(), kIssued).ok());
  const TokenVerifier none({}, std::string(kIssuer));
  EXPECT_FALSE(none.verify(sign_token(key_, make_claims()).view(), kIssued).ok());
  const TokenVerifier cut({{key_.kid(), Bytes(31)}}, std::string(kIssuer));
  EXPECT_FALSE(cut.verify(sign_token(key_, make_claims()).view(), kIssued).ok());
}

TEST_F(TokenTest, RefusesAnotherIssuer) {
  for (const std::string_view issuer : {"", "http://127.0.0.1:811", "http://127.0.0.1:8118/"}) {
    Claims claims = make_claims();
    claims.issuer = issuer;
    expect_invalid(sign_token(key_, claims).view(), issuer);
  }
}

TEST_F(TokenTest, RefusesClaimsThatAreNotWellFormed) {
  const std::pair<std::string_view, std::vector<std::string_view>> cases[] = {
      {"iss", {"1", "null", R"(["http://127.0.0.1:8118"])"}},
      {"sub",
       {"1", R"("")", R"("user:")", R"("user:x")", R"("01890a5d-ac96-774b-bcce-b302099a8001")",
        R"("root:01890a5d-ac96-774b-bcce-b302099a8001")",
        R"("user:01890a5d-ac96-774b-bcce-b302099a8001 ")"}},
      {"org_id", {"1", "null", R"("x")"}},
      {"role", {"1", "null", R"("")"}},
      {"scopes", {"null", R"("a b")", "{}", "[1]", R"(["a",null])"}},
      {"vault_ids", {"null", "[]", "[1]", R"(["x"])", R"("01890a5d-ac96-774b-bcce-b302099a8001")"}},
      {"iat", {"null", R"("1700000000")", "-1", "true"}},
      {"nbf", {"null", R"("1700000000")", "-1", "1e300"}},
      {"exp",
       {"null", R"("1700000900")", "-1", "1e300", "-1e300", "9223372036854775807",
        "18446744073709551615", "253402300800"}},
      {"jti", {"null", "1", R"("x")"}},
      {"ver", {"null", "1.5", R"("4")", "18446744073709551615"}},
      {"cid", {"null", "1", R"("x")"}},
  };
  for (const auto& [name, values] : cases) {
    for (const std::string_view value : values) {
      json::object payload = json::parse(payload_text()).as_object();
      payload[name] = json::parse(value);
      expect_invalid(forge(header_text(), json::serialize(payload)),
                     std::string(name) + " " + std::string(value));
    }
    if (name == "vault_ids" || name == "cid") continue;
    json::object payload = json::parse(payload_text()).as_object();
    payload.erase(name);
    expect_invalid(forge(header_text(), json::serialize(payload)), name);
  }
  for (const std::string_view payload :
       {"", "null", "[]", "\"x\"", "{", "{} {}", "{\"a\":\"\xff\"}"}) {
    expect_invalid(forge(header_text(), payload), payload);
  }
  expect_invalid(forge(header_text(), std::string(2000, '[')), "deep");
}

TEST_F(TokenTest, NeverShowsTheTokenInAProblem) {
  const std::string token = make_token();
  const auto verified = verifier_.verify(token, kIssued + 1000s);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.problem().detail.find(token.substr(token.rfind('.'))), std::string::npos);
}

}  // namespace
}  // namespace oneclaw::crypto

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "crypto/jwt.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

struct Vector {
  std::string_view seed, public_key, message, signature;
};

// RFC 8032 §7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519Key, KnownAnswers) {
  for (const Vector& v : kVectors) {
    const Ed25519Key key = Ed25519Key::from_seed(hex_key(v.seed));
    EXPECT_EQ(to_hex(key.public_key()), v.public_key);
    EXPECT_EQ(to_hex(key.seed().view()), v.seed);
    EXPECT_EQ(to_hex(key.sign(hex(v.message))), v.signature);
  }
}

// RFC 8037 appendix A.
class Rfc8037 : public testing::Test {
 protected:
  Ed25519Key key_ = Ed25519Key::from_seed(
      Key256(from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value()));
};

TEST_F(Rfc8037, PublicKey) {
  EXPECT_EQ(to_base64url(key_.public_key()), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

TEST_F(Rfc8037, Thumbprint) {
  EXPECT_EQ(key_.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_F(Rfc8037, Signature) {
  EXPECT_EQ(
      to_base64url(key_.sign(as_bytes("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"))),
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST_F(Rfc8037, Jwk) {
  EXPECT_EQ(public_jwk(key_.kid(), key_.public_key()),
            boost::json::parse(R"({"kty":"OKP","crv":"Ed25519",
                "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","alg":"EdDSA","use":"sig"})"));
}

TEST(Ed25519KeyGenerate, NeverRepeats) {
  EXPECT_NE(Ed25519Key::generate().kid(), Ed25519Key::generate().kid());
}

}  // namespace
}  // namespace oneclaw::crypto

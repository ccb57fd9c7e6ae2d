#include "crypto/cmek.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/aead.h"

namespace oneclaw::crypto {
namespace {

std::string text_under(const Key256& key, std::string_view plain) {
  const auto sealed = seal(key, as_bytes(plain), {});
  Bytes blob{0x01};
  blob.insert(blob.end(), sealed->begin(), sealed->end());
  return to_base64(blob);
}

TEST(Cmek, KnowsABlobByItsForm) {
  Bytes blob(29, 0);
  blob[0] = 1;
  EXPECT_TRUE(is_cmek_blob(blob));
  blob[0] = 2;
  EXPECT_FALSE(is_cmek_blob(blob));
  EXPECT_FALSE(is_cmek_blob(Bytes(28, 1)));
  EXPECT_FALSE(is_cmek_blob({}));
  const Key256 key = Key256::random();
  EXPECT_TRUE(is_cmek_text(text_under(key, "")));
  EXPECT_FALSE(is_cmek_text("hunter2"));
  EXPECT_FALSE(is_cmek_text(""));
  EXPECT_FALSE(is_cmek_text(text_under(key, "x") + " "));
}

TEST(Cmek, TellsFingerprints) {
  // SHA-256 of 32 zero bytes.
  const std::string zeros = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
  EXPECT_EQ(fingerprint_of(Key256{}), zeros);
  EXPECT_EQ(parse_fingerprint(zeros), zeros);
  EXPECT_EQ(parse_fingerprint("66687AADF862BD776C8FC18B8E9F8E20089714856EE233B3902A591D0D5F2925"),
            zeros);
  EXPECT_FALSE(parse_fingerprint(""));
  EXPECT_FALSE(parse_fingerprint(zeros.substr(2)));
  EXPECT_FALSE(parse_fingerprint(zeros.substr(1) + "g"));
}

TEST(Cmek, ParsesCustomerKeys) {
  const Key256 key = Key256::random();
  const auto parsed = parse_customer_key(to_base64(key.view()));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(secure_equal(parsed->view(), key.view()));
  EXPECT_FALSE(parse_customer_key(""));
  EXPECT_FALSE(parse_customer_key(to_base64(Bytes(31, 7))));
  EXPECT_FALSE(parse_customer_key(to_base64(Bytes(33, 7))));
  EXPECT_FALSE(parse_customer_key(to_base64(key.view()) + "="));
  EXPECT_FALSE(parse_customer_key(to_base64url(key.view())));
}

TEST(Cmek, RekeysABlob) {
  const Key256 from = Key256::random();
  const Key256 to = Key256::random();
  const std::string text = text_under(from, "plain");
  const auto fresh = rekey_cmek_text(from, to, text);
  ASSERT_TRUE(fresh.ok());
  ASSERT_TRUE(is_cmek_text(fresh->view()));
  const auto blob = from_base64(fresh->view());
  const auto plain = open(to, ByteView(*blob).subspan(1), {});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(as_text(*plain), "plain");
  EXPECT_FALSE(open(from, ByteView(*blob).subspan(1), {}).ok());
  EXPECT_EQ(rekey_cmek_text(to, from, text).problem().code, "decryption-failed");
  EXPECT_EQ(rekey_cmek_text(from, to, "no blob").problem().code, "decryption-failed");
}

}  // namespace
}  // namespace oneclaw::crypto

#include "service/field_seal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace oneclaw::service {
namespace {

constexpr std::string_view kPlain = "https://secrets.example.com/v1/share/abc";

TEST(FieldSeal, OpensWhatItSealed) {
  const Key256 key = Key256::random();
  const FieldSeal seal(key);
  const Uuid id = Uuid::v7();
  const auto sealed = seal.seal("outbox.sealed", id, as_bytes(kPlain));
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(as_text(*sealed).find("share"), std::string_view::npos);
  const auto opened = seal.open("outbox.sealed", id, *sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(as_text(*opened), kPlain);
}

TEST(FieldSeal, OpensNothingFromElsewhere) {
  const Key256 key = Key256::random();
  const Key256 other_key = Key256::random();
  const FieldSeal seal(key);
  const Uuid id = Uuid::v7();
  Bytes sealed = *seal.seal("outbox.sealed", id, as_bytes(kPlain));
  EXPECT_FALSE(seal.open("webhooks.secret", id, sealed).ok());
  EXPECT_FALSE(seal.open("outbox.sealed", Uuid::v7(), sealed).ok());
  EXPECT_FALSE(FieldSeal(other_key).open("outbox.sealed", id, sealed).ok());
  EXPECT_FALSE(seal.open("outbox.sealed", id, {}).ok());
  sealed.back() ^= 1;
  EXPECT_EQ(seal.open("outbox.sealed", id, sealed).problem().code, "decryption-failed");
}

TEST(FieldSeal, SealsTheSameTwiceDifferently) {
  const Key256 key = Key256::random();
  const FieldSeal seal(key);
  const Uuid id = Uuid::v7();
  EXPECT_NE(*seal.seal("a", id, as_bytes(kPlain)), *seal.seal("a", id, as_bytes(kPlain)));
}

}  // namespace
}  // namespace oneclaw::service

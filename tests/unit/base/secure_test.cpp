#include "base/secure.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace oneclaw {
namespace {

TEST(SecureEqual, LengthAndContent) {
  EXPECT_TRUE(secure_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(secure_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(secure_equal(as_bytes("abc"), as_bytes("Abc")));
  EXPECT_FALSE(secure_equal(as_bytes("abc"), as_bytes("ab")));
  EXPECT_FALSE(secure_equal(as_bytes("abc"), as_bytes("")));
  EXPECT_TRUE(secure_equal({}, {}));
}

TEST(SecureString, GrowsAndClears) {
  SecureString text("ab");
  text.append("cd");
  text.push_back('e');
  EXPECT_EQ(text.view(), "abcde");
  EXPECT_EQ(text.bytes().size(), 5U);
  text.clear();
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.view(), "");
}

TEST(Key256, StartsAllZero) {
  const Key256 key;
  EXPECT_EQ(std::count(key.view().begin(), key.view().end(), 0), 32);
}

TEST(Key256, CopiesWhatItIsGiven) {
  const Bytes raw(32, 0x5a);
  const Key256 key{ByteView(raw)};
  EXPECT_TRUE(secure_equal(key.view(), raw));
  EXPECT_NE(key.view().data(), raw.data());
}

TEST(Key256, RandomKeysDiffer) {
  const Key256 one = Key256::random();
  const Key256 other = Key256::random();
  EXPECT_FALSE(secure_equal(one.view(), other.view()));
  EXPECT_FALSE(secure_equal(one.view(), Key256{}.view()));
}

static_assert(!std::is_copy_constructible_v<Key256>);
static_assert(std::is_nothrow_move_constructible_v<Key256>);

}  // namespace
}  // namespace oneclaw

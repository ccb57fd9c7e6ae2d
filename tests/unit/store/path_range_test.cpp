#include "store/path_range.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace oneclaw::store {
namespace {

TEST(AfterPrefix, IncrementsTheLastCodePoint) {
  EXPECT_EQ(after_prefix("a"), "b");
  EXPECT_EQ(after_prefix("prod/"), "prod0");
  EXPECT_EQ(after_prefix("\x7F"), "\xC2\x80");
  EXPECT_EQ(after_prefix("x\xC3\xBF"), "x\xC4\x80");                // U+00FF
  EXPECT_EQ(after_prefix("\xDF\xBF"), "\xE0\xA0\x80");              // U+07FF
  EXPECT_EQ(after_prefix("\xED\x9F\xBF"), "\xEE\x80\x80");          // over the surrogates
  EXPECT_EQ(after_prefix("\xEF\xBF\xBF"), "\xF0\x90\x80\x80");      // U+FFFF
  EXPECT_EQ(after_prefix("\xF0\x9F\x94\x91"), "\xF0\x9F\x94\x92");  // a key
}

TEST(AfterPrefix, TheLastCodePointCarries) {
  EXPECT_EQ(after_prefix("a\xF4\x8F\xBF\xBF"), "b");
  EXPECT_EQ(after_prefix("a\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF"), "b");
}

TEST(AfterPrefix, SomeHaveNoEnd) {
  EXPECT_EQ(after_prefix(""), std::nullopt);
  EXPECT_EQ(after_prefix("\xF4\x8F\xBF\xBF"), std::nullopt);
}

TEST(AfterPrefix, BoundsAreUtf8AndComeAfterEveryExtension) {
  for (const std::string prefix : {"a", "a/\xC3\xA4", "\x7F", "\xED\x9F\xBF", "\xDF\xBF"}) {
    const auto bound = after_prefix(prefix);
    ASSERT_TRUE(bound.has_value());
    EXPECT_TRUE(is_utf8(*bound));
    EXPECT_LT(prefix, *bound);
    EXPECT_LT(prefix + "\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF", *bound);
  }
}

TEST(AfterPrefix, DoesNotRunAwayOnBrokenUtf8) {
  EXPECT_TRUE(after_prefix("\x80\x80\x80\x80\x80\x80").has_value());
  EXPECT_TRUE(after_prefix("\xFF").has_value());
}

}  // namespace
}  // namespace oneclaw::store

#include "crypto/generated_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace oneclaw::crypto {
namespace {

std::string_view characters_of(Charset charset) {
  switch (charset) {
    case Charset::kHex:
      return "0123456789abcdef";
    case Charset::kBase64:
      return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    case Charset::kAlphanumeric:
      return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    case Charset::kAscii:
      break;
  }
  return {};
}

TEST(GeneratedValue, NamesGoBothWays) {
  for (const std::string_view name : {"hex", "base64", "alphanumeric", "ascii"}) {
    const auto charset = parse_charset(name);
    ASSERT_TRUE(charset) << name;
    EXPECT_EQ(to_string(*charset), name);
  }
  for (const std::string_view name : {"", "Hex", "utf8", "hex "}) EXPECT_FALSE(parse_charset(name));
}

TEST(GeneratedValue, DrawsEveryCharacterOfItsSetAlike) {
  for (const Charset charset : {Charset::kHex, Charset::kBase64, Charset::kAlphanumeric}) {
    const std::string_view set = characters_of(charset);
    const std::size_t each = 2000;
    const SecureString value = generate_value(charset, set.size() * each);
    std::array<std::size_t, 256> counts{};
    for (const char c : value.view()) ++counts.at(static_cast<unsigned char>(c));
    std::size_t drawn = 0;
    for (const char c : set) {
      const std::size_t count = counts.at(static_cast<unsigned char>(c));
      // Seven standard deviations (a binomial's, about 45) on either side.
      EXPECT_NEAR(static_cast<double>(count), static_cast<double>(each), 320) << c;
      drawn += count;
    }
    EXPECT_EQ(drawn, value.size());  // and no other character
  }
}

TEST(GeneratedValue, AsciiIsWhatIsPrintableButTheSpace) {
  const SecureString value = generate_value(Charset::kAscii, 94 * 200);
  std::array<bool, 256> seen{};
  for (const char c : value.view()) {
    ASSERT_TRUE(c > ' ' && c < 0x7f);
    seen.at(static_cast<unsigned char>(c)) = true;
  }
  EXPECT_EQ(std::ranges::count(seen, true), 94);
}

TEST(GeneratedValue, HasItsLengthAndIsNeverTheSame) {
  EXPECT_EQ(generate_value(Charset::kHex, 8).size(), 8U);
  EXPECT_EQ(generate_value(Charset::kHex, 1024).size(), 1024U);
  EXPECT_NE(generate_value(Charset::kHex, 32).view(), generate_value(Charset::kHex, 32).view());
}

}  // namespace
}  // namespace oneclaw::crypto

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace oneclaw {
namespace {

struct Vector {
  std::string_view plain;
  std::string_view base64;
  std::string_view base64url;
};
// RFC 4648 section 10.
constexpr Vector kVectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

std::optional<std::string> text_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

TEST(Base64, Rfc4648Vectors) {
  for (const auto& [plain, base64, base64url] : kVectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), base64);
    EXPECT_EQ(to_base64url(as_bytes(plain)), base64url);
    EXPECT_EQ(text_of(from_base64(base64)), plain);
    EXPECT_EQ(text_of(from_base64url(base64url)), plain);
  }
}

TEST(Base64, AlphabetsDiffer) {
  const Bytes bytes{0xfb, 0xff, 0xbf};
  EXPECT_EQ(to_base64(bytes), "+/+/");
  EXPECT_EQ(to_base64url(bytes), "-_-_");
  EXPECT_EQ(from_base64("+/+/"), bytes);
  EXPECT_EQ(from_base64url("-_-_"), bytes);
  EXPECT_FALSE(from_base64("-_-_"));
  EXPECT_FALSE(from_base64url("+/+/"));
}

TEST(Base64, EveryByteAndLengthComesBack) {
  Bytes bytes;
  for (unsigned i = 0; i < 260; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 7));
  }
}

TEST(Base64, IsStrict) {
  for (const std::string_view bad :
       {"Zg", "Zg=", "Z", "Zg===", "Zm9v====", "Zg==Zg==", "Zm=v", "=", "====", "Z===", "Zm9v ",
        " Zm9", "Zm9\n", "Zm 9v===", "Zm9\xc3", "Zh==", "Zm9="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
  for (const std::string_view bad :
       {"Zg==", "Zm8=", "Z", "Zm9vY", "Zm9v\n", "Zm 8", "Zh", "Zm9", "Zm.v"}) {
    EXPECT_FALSE(from_base64url(bad)) << bad;
  }
  EXPECT_FALSE(from_base64(std::string_view("Zm9\0", 4)));
}

TEST(Hex, BothCasesIn) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x9a, 0xff}), "009aff");
  EXPECT_EQ(from_hex("009AfF"), (Bytes{0x00, 0x9a, 0xff}));
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, Refused) {
  for (const std::string_view bad :
       {"0", "abc", "0g", "g0", "0x", " 0", "0 ", "-1", "+1", "/0", ":0", "@0", "`0"}) {
    EXPECT_FALSE(from_hex(bad)) << bad;
  }
}

TEST(Utf8, WellFormed) {
  for (const std::string_view good :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "na\xc3\xafve \xe2\x82\xac"}) {
    EXPECT_TRUE(is_utf8(good)) << to_hex(as_bytes(good));
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, Malformed) {
  for (const std::string_view bad : {
           "\x80",
           "\xbf",
           "\xff",
           "\xfe",  // no lead byte
           "\xc0\x80",
           "\xc1\xbf",  // overlong, two bytes
           "\xe0\x9f\xbf",
           "\xf0\x8f\xbf\xbf",  // overlong, three and four
           "\xed\xa0\x80",
           "\xed\xbf\xbf",  // surrogates
           "\xf4\x90\x80\x80",
           "\xf5\x80\x80\x80",  // above U+10FFFF
           "\xc3",
           "\xe2\x82",
           "\xf0\x90\x80",  // cut short
           "\xc3(",
           "\xe2(\xa1",
           "\xe2\x82(",
           "\xf0\x90\x80(",
           "ok\xc3\xaf\xc3",
       }) {
    EXPECT_FALSE(is_utf8(bad)) << to_hex(as_bytes(bad));
  }
}

}  // namespace
}  // namespace oneclaw

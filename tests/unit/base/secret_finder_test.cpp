#include "base/secret_finder.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace oneclaw {
namespace {

constexpr std::string_view kValue = "s3cr/t+va\"lue & \xC3\xA9\n\\end";

std::string redacted(std::string_view text, std::string_view value = kValue) {
  SecretFinder finder;
  EXPECT_TRUE(finder.add(value, 0));
  return std::string(finder.redact(text).text.view());
}

std::string percent(std::string_view text, std::string_view kept, const char* digits) {
  std::string out;
  for (const char c : text) {
    if (kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

TEST(SecretFinder, FindsTheValueAsItIs) {
  EXPECT_EQ(redacted("a " + std::string(kValue) + " b " + std::string(kValue)),
            "a [REDACTED] b [REDACTED]");
  EXPECT_EQ(redacted("nothing here"), "nothing here");
  EXPECT_EQ(redacted(""), "");
}

TEST(SecretFinder, FindsHexOfEitherCase) {
  std::string hex = to_hex(as_bytes(kValue));
  EXPECT_EQ(redacted("<" + hex + ">"), "<[REDACTED]>");
  for (char& c : hex) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(redacted("<" + hex + ">"), "<[REDACTED]>");
}

TEST(SecretFinder, FindsBase64AtEveryAlignment) {
  for (std::size_t size : {4U, 5U, 6U, 7U, 16U, 31U}) {
    const std::string value =
        std::string("\xFB\xEF\xBE?>~tokentokentokentokentoken").substr(0, size);
    for (std::size_t before = 0; before < 6; ++before) {
      for (std::size_t after = 0; after < 4; ++after) {
        const std::string whole = std::string(before, 'u') + value + std::string(after, 'w');
        for (const std::string& text :
             {to_base64(as_bytes(whole)), to_base64url(as_bytes(whole))}) {
          const std::string clean = redacted(text, value);
          EXPECT_NE(clean.find("[REDACTED]"), std::string::npos) << size << before << after;
          // Not one character that holds a bit of the value is left.
          EXPECT_LE(clean.size() - 10, (before + after) * 8 / 6 + 3) << clean;
        }
      }
    }
  }
}

TEST(SecretFinder, FindsPercentEncodings) {
  const std::string unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    EXPECT_EQ(redacted("a=" + percent(kValue, unreserved, digits) + "&b"), "a=[REDACTED]&b");
    EXPECT_EQ(redacted(percent(kValue, "", digits)), "[REDACTED]");
    EXPECT_EQ(redacted(percent(kValue, unreserved + "!*'()/&", digits)), "[REDACTED]");
  }
  EXPECT_EQ(redacted("q=one+two%2B3&", "one two+3"), "q=[REDACTED]&");
  const std::string base64 = percent(to_base64(as_bytes(kValue)), unreserved, "0123456789ABCDEF");
  EXPECT_EQ(redacted("q=" + base64).substr(0, 12), "q=[REDACTED]");
}

TEST(SecretFinder, FindsJsonEscapes) {
  EXPECT_EQ(redacted(R"({"k":"s3cr\/t+va\"lue & \u00e9\n\\end"})"), R"({"k":"[REDACTED]"})");
  EXPECT_EQ(redacted(R"("s3cr/t\u002Bva\u0022lue \u0026 \u00E9\u000a\u005cend")"),
            R"("[REDACTED]")");
  EXPECT_EQ(redacted(R"(x \ud83d\udd10key y)", "\xF0\x9F\x94\x90key"), "x [REDACTED] y");
}

TEST(SecretFinder, FindsValuesOverLines) {
  const std::string value = "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n";
  EXPECT_EQ(redacted("-----BEGIN KEY-----\r\nabc\r\ndef\r\n-----END KEY-----", value),
            "[REDACTED]");
  std::string base64 = to_base64(as_bytes(value));
  base64.insert(20, "\n");
  EXPECT_EQ(redacted(base64, value).find("[REDACTED]"), 0U);
}

TEST(SecretFinder, FindsOneEncodingInAnother) {
  EXPECT_EQ(redacted(R"({"body":"{\"k\":\"a \\\"b\\\" c\"}"})", "a \"b\" c"),
            R"({"body":"{\"k\":\"[REDACTED]\"}"})");
  EXPECT_EQ(redacted("q=one%2520two%252Fthree", "one two/three"), "q=[REDACTED]");
  EXPECT_EQ(redacted(R"("u":"x%22y\/z")", "x\"y/z"), R"("u":"[REDACTED]")");
}

TEST(SecretFinder, FindsUtf8TakenForLatin1) {
  EXPECT_EQ(redacted("k\xC3\x83\xC2\xA9y-1", "k\xC3\xA9y-1"), "[REDACTED]");
}

TEST(SecretFinder, LeavesTheLinesAroundAValueAlone) {
  EXPECT_EQ(redacted("one\nhunter22\nhunter22\ntwo", "hunter22"),
            "one\n[REDACTED]\n[REDACTED]\ntwo");
}

TEST(SecretFinder, LosesNothingToATrimmedEnd) {
  EXPECT_EQ(redacted("token: hunter22", "hunter22\n"), "token: [REDACTED]");
}

TEST(SecretFinder, RefusesWhatCannotBeTold) {
  SecretFinder finder;
  EXPECT_FALSE(finder.add("abc", 0));
  EXPECT_FALSE(finder.add("abc \n", 0));
  EXPECT_FALSE(finder.add("", 0));
  EXPECT_TRUE(finder.add("abcd", 0));
}

TEST(SecretFinder, LeavesNoPieceOfAValueWhereTheTextWasCut) {
  SecretFinder finder;
  finder.add("hunter22", 0);
  const std::string filler(100, 'x');
  const std::string cut(finder.redact(filler + "hunter2", true).text.view());
  EXPECT_EQ(cut.find('h'), std::string::npos);
  EXPECT_EQ(cut.size(), 107U - 96U);
  EXPECT_EQ(finder.redact("hunter22" + filler, true).text.view().substr(0, 11), "[REDACTED]x");
  EXPECT_EQ(finder.redact("hun", true).text.view(), "");
}

TEST(SecretFinder, TellsWhichValueItFound) {
  SecretFinder finder;
  finder.add("first value", 7);
  finder.add("second value", 9);
  const auto matches = finder.find("a second value, a first value");
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].label, 9U);
  EXPECT_EQ(matches[0].at, 2U);
  EXPECT_EQ(matches[0].size, 12U);
  EXPECT_EQ(matches[1].label, 7U);
}

}  // namespace
}  // namespace oneclaw

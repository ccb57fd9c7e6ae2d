#include "crypto/totp.h"

#include <gtest/gtest.h>

#include <string>

namespace oneclaw::crypto {
namespace {

const ByteView kSecret = as_bytes("12345678901234567890");

TEST(Hotp, Rfc4226AppendixD) {
  const std::uint32_t expected[] = {755224, 287082, 359152, 969429, 338314,
                                    254676, 287922, 162583, 399871, 520489};
  for (std::uint64_t counter = 0; counter < std::size(expected); ++counter) {
    EXPECT_EQ(hotp(kSecret, counter), expected[counter]) << counter;
  }
}

TEST(Totp, Rfc6238AppendixB) {
  const struct {
    std::int64_t seconds;
    std::int64_t step;
    std::uint32_t code;  ///< eight digits
  } cases[] = {{59, 0x1, 94287082},
               {1111111109, 0x23523EC, 7081804},
               {1111111111, 0x23523ED, 14050471},
               {1234567890, 0x273EF07, 89005924},
               {2000000000, 0x3F940AA, 69279037},
               {20000000000, 0x27BC86AA, 65353130}};
  for (const auto& [seconds, step, code] : cases) {
    const TimePoint at = from_unix_seconds(seconds);
    EXPECT_EQ(totp_step_of(at), step);
    EXPECT_EQ(hotp(kSecret, static_cast<std::uint64_t>(step), 8), code);
    char six[7];
    std::snprintf(six, sizeof six, "%06u", code % 1'000'000);
    EXPECT_EQ(match_totp(kSecret, six, at, 0), step);
  }
}

TEST(Totp, OneStepEitherWay) {
  const std::string code = "287082";  // step 1: seconds 30 to 59
  EXPECT_EQ(match_totp(kSecret, code, from_unix_seconds(0), -1), 1);
  EXPECT_EQ(match_totp(kSecret, code, from_unix_seconds(30), -1), 1);
  EXPECT_EQ(match_totp(kSecret, code, from_unix_seconds(89), -1), 1);
  EXPECT_EQ(match_totp(kSecret, code, from_unix_seconds(90), -1), std::nullopt);
}

TEST(Totp, AUsedStepAndWhatIsBeforeItAreRefused) {
  const TimePoint at = from_unix_seconds(59);
  EXPECT_EQ(match_totp(kSecret, "287082", at, 0), 1);
  EXPECT_EQ(match_totp(kSecret, "287082", at, 1), std::nullopt);
  EXPECT_EQ(match_totp(kSecret, "755224", at, 1), std::nullopt);  // step 0
  EXPECT_EQ(match_totp(kSecret, "359152", at, 1), 2);
}

TEST(Totp, OnlySixDigits) {
  const TimePoint at = from_unix_seconds(59);
  for (const std::string_view code : {"", "28708", "2870820", " 287082", "94287082", "28708x"}) {
    EXPECT_EQ(match_totp(kSecret, code, at, 0), std::nullopt) << code;
  }
}

TEST(Totp, Base32IsThatOfRfc4648) {
  EXPECT_EQ(to_base32({}).view(), "");
  EXPECT_EQ(to_base32(as_bytes("f")).view(), "MY");
  EXPECT_EQ(to_base32(as_bytes("fo")).view(), "MZXQ");
  EXPECT_EQ(to_base32(as_bytes("foo")).view(), "MZXW6");
  EXPECT_EQ(to_base32(as_bytes("foob")).view(), "MZXW6YQ");
  EXPECT_EQ(to_base32(as_bytes("fooba")).view(), "MZXW6YTB");
  EXPECT_EQ(to_base32(as_bytes("foobar")).view(), "MZXW6YTBOI");
}

TEST(Totp, TheUriEscapesItsParts) {
  EXPECT_EQ(otpauth_uri("one claw", "a+b@example.test", kSecret).view(),
            "otpauth://totp/one%20claw:a%2Bb%40example.test?secret="
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=one%20claw&algorithm=SHA1&digits=6&period=30");
}

TEST(Totp, SecretsDiffer) {
  EXPECT_EQ(generate_totp_secret().size(), kTotpSecretBytes);
  EXPECT_NE(generate_totp_secret(), generate_totp_secret());
}

}  // namespace
}  // namespace oneclaw::crypto

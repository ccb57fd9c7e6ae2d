#include "crypto/shamir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/encoding.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

SharePoint point(int x, std::string_view text) {
  return {.x = static_cast<std::uint8_t>(x), .y = hex_key(text)};
}

std::vector<SharePoint> pick(const std::vector<SharePoint>& points,
                             std::vector<std::size_t> which) {
  std::vector<SharePoint> picked;
  for (const std::size_t i : which) picked.push_back({points[i].x, Key256(points[i].y.view())});
  return picked;
}

TEST(Gf256, IsTheFieldOfAes) {
  // FIPS 197 §4.2 and §4.2.1.
  EXPECT_EQ(gf256::multiply(0x57, 0x83), 0xC1);
  EXPECT_EQ(gf256::multiply(0x57, 0x13), 0xFE);
  EXPECT_EQ(gf256::multiply(0x57, 0x02), 0xAE);
  EXPECT_EQ(gf256::multiply(0x57, 0x10), 0x07);
  EXPECT_EQ(gf256::inverse(0x53), 0xCA);
  EXPECT_EQ(gf256::inverse(0), 0);
}

TEST(Gf256, EveryElementHasItsInverse) {
  std::set<int> inverses;
  for (int a = 1; a < 256; ++a) {
    const auto element = static_cast<std::uint8_t>(a);
    EXPECT_EQ(gf256::multiply(element, gf256::inverse(element)), 1) << a;
    EXPECT_EQ(gf256::multiply(element, 1), element);
    EXPECT_EQ(gf256::multiply(element, 0), 0);
    inverses.insert(gf256::inverse(element));
  }
  EXPECT_EQ(inverses.size(), 255U);
}

TEST(Gf256, MultiplicationCommutesAndDistributes) {
  for (unsigned i = 0; i < 65536; i += 7) {
    const auto a = static_cast<std::uint8_t>(i);
    const auto b = static_cast<std::uint8_t>(i >> 8U);
    const auto c = static_cast<std::uint8_t>(i * 31U >> 3U);
    EXPECT_EQ(gf256::multiply(a, b), gf256::multiply(b, a));
    EXPECT_EQ(gf256::multiply(a, b ^ c), gf256::multiply(a, b) ^ gf256::multiply(a, c));
  }
}

// SLIP-0039's test vector "Basic sharing 2-of-3 (128 bits)": its shares are points of the same
// field, and its (encrypted) secret is the value at 255.
TEST(Shamir, GivesTheKnownAnswerOfSlip39) {
  std::vector<SharePoint> points;
  points.push_back(point(2, "08fb14b66e692e25dfe2edf53289ed62"));
  points.push_back(point(0, "06ab48fef4bedc8ce58baeef0a73f76e"));
  EXPECT_EQ(to_hex(interpolate(points, 255).value().view()),
            "cdc017fddc829e791b1371780be0605a" + std::string(32, '0'));
}

// Made by another implementation (logarithm tables): secret 00…1f, coefficients 7i + 3, 31i + 101.
TEST(Shamir, GivesTheKnownAnswerOfAnotherImplementation) {
  std::vector<SharePoint> points;
  points.push_back(point(1, "668fb0d9fa23340d6e37d8e182ab7c55361f00294a73849dfec72871123bcce5"));
  points.push_back(point(2, "89339a16934920971166c275eb7c980fb92e71e678cf0bfc7acd691e8017b324"));
  points.push_back(point(7, "e90db23883f74d803cca5c911da00eb36fd2a21f935e2b06ba77e1179b2668d5"));
  points.push_back(point(255, "bf52b41ab5e389e25056365d5e5c1f1dd6d4d5d7d4bf6cd5670c6c6a696bfaf8"));
  const std::string secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  for (const auto& which : std::vector<std::vector<std::size_t>>{
           {0, 1, 2}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}, {3, 1, 0}, {0, 1, 2, 3}}) {
    EXPECT_EQ(to_hex(interpolate(pick(points, which)).value().view()), secret);
  }
  EXPECT_NE(to_hex(interpolate(pick(points, {0, 1})).value().view()), secret);
}

TEST(Shamir, AnyThresholdOfSharesGivesTheKeyBack) {
  for (const auto& [threshold, count] : std::vector<std::pair<int, int>>{
           {1, 1}, {2, 2}, {2, 3}, {3, 5}, {5, 5}, {2, 64}, {64, 64}}) {
    const Key256 key = Key256::random();
    auto points = split_key(key, threshold, count).value();
    ASSERT_EQ(points.size(), static_cast<std::size_t>(count));
    for (int round = 0; round < 5; ++round) {
      std::rotate(points.begin(), points.begin() + 1, points.end());
      std::vector<std::size_t> which(static_cast<std::size_t>(threshold));
      for (std::size_t i = 0; i < which.size(); ++i) which[i] = i;
      EXPECT_EQ(to_hex(interpolate(pick(points, which)).value().view()), to_hex(key.view()));
      if (threshold > 1) {
        which.pop_back();
        EXPECT_NE(to_hex(interpolate(pick(points, which)).value().view()), to_hex(key.view()));
      }
    }
  }
}

TEST(Shamir, RefusesSplitsThatMakeNoSense) {
  const Key256 key = Key256::random();
  for (const auto& [threshold, count] :
       std::vector<std::pair<int, int>>{{0, 1}, {1, 0}, {2, 1}, {1, 2}, {3, 65}, {-1, 5}, {6, 5}}) {
    EXPECT_EQ(split_key(key, threshold, count).problem().status, 400) << threshold << "/" << count;
  }
  std::vector<SharePoint> twice;
  twice.push_back(point(3, "01"));
  twice.push_back(point(3, "02"));
  EXPECT_FALSE(interpolate(twice).ok());
}

TEST(Shamir, AShareReadsBackAndASlipIsSeen) {
  const Share share{.set = 0xDEADBEEF, .threshold = 3, .point = point(200, "0102ff")};
  const SecureString text = to_text(share);
  EXPECT_EQ(text.size(), 60U);
  const std::string spaced = "  " + std::string(text.view()) + "\r\n";
  const auto back = share_from_text(spaced);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->set, 0xDEADBEEF);
  EXPECT_EQ(back->threshold, 3);
  EXPECT_EQ(back->point.x, 200);
  EXPECT_EQ(to_hex(back->point.y.view()), to_hex(share.point.y.view()));

  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string wrong(text.view());
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    const auto read = share_from_text(wrong);
    ASSERT_FALSE(read.ok()) << i;
    EXPECT_EQ(read.problem().status, 400);
    for (const FieldError& error : read.problem().fields) {
      EXPECT_EQ(error.field, "share");
      EXPECT_EQ(error.message.find(wrong.substr(4)), std::string::npos);
    }
  }
  for (const std::string_view bad : {"", "ocs_", "ocs_short", "\x80", "ocs_====", " \n"}) {
    EXPECT_FALSE(share_from_text(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace oneclaw::crypto

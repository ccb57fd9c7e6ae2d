#include "base/uuid.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

namespace oneclaw {
namespace {

constexpr std::string_view kText = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";  // RFC 9562 A.6

std::uint64_t millis_of(const Uuid& id) {
  std::uint64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8U | id.bytes[i];
  return millis;
}

TEST(Uuid, ParsesTheCanonicalForm) {
  const auto id = Uuid::parse(kText);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->bytes,
            (std::array<std::uint8_t, 16>{0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98,
                                          0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f}));
  EXPECT_EQ(id->to_string(), kText);
  EXPECT_EQ(millis_of(*id), 0x017F22E279B0U);
}

TEST(Uuid, UpperCaseIsTheSameId) {
  EXPECT_EQ(Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), Uuid::parse(kText));
}

TEST(Uuid, RefusesOtherForms) {
  for (const std::string_view bad : {
           "",
           "017f22e279b07cc398c4dc0c0c07398f",
           "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
           "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
           "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
           "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
           "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
       }) {
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
  }
}

TEST(Uuid, FromBytesTakesSixteen) {
  const std::array<std::uint8_t, 17> raw{1, 2, 3};
  const auto id = Uuid::from_bytes(std::span(raw).first(16));
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "01020300-0000-0000-0000-000000000000");
  EXPECT_FALSE(Uuid::from_bytes(raw));
  EXPECT_FALSE(Uuid::from_bytes(std::span(raw).first(15)));
  EXPECT_FALSE(Uuid::from_bytes({}));
}

TEST(Uuid, NilIsAllZero) {
  EXPECT_TRUE(Uuid{}.is_nil());
  EXPECT_FALSE(Uuid::parse("00000000-0000-0000-0000-000000000001")->is_nil());
}

TEST(Uuid, VersionAndVariantAreSet) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Uuid::v4().bytes[6] >> 4, 4);
    EXPECT_EQ(Uuid::v4().bytes[8] >> 6, 2);
    EXPECT_EQ(Uuid::v7().bytes[6] >> 4, 7);
    EXPECT_EQ(Uuid::v7().bytes[8] >> 6, 2);
  }
}

TEST(Uuid, AreDistinct) {
  std::set<Uuid> ids;
  for (int i = 0; i < 2000; ++i) {
    ids.insert(Uuid::v4());
    ids.insert(Uuid::v7());
  }
  EXPECT_EQ(ids.size(), 4000U);
}

TEST(Uuid, V7CarriesTheClockAndSortsByIt) {
  const auto clock = [] {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
  };
  const std::uint64_t before = clock();
  const Uuid first = Uuid::v7();
  const std::uint64_t after = clock();
  EXPECT_GE(millis_of(first), before);
  EXPECT_LE(millis_of(first), after);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  const Uuid second = Uuid::v7();
  EXPECT_LT(first, second);
  EXPECT_LT(first.to_string(), second.to_string());
}

TEST(Uuid, HashDependsOnTheRandomHalf) {
  Uuid one = *Uuid::parse(kText);
  Uuid other = one;
  other.bytes[15] ^= 1U;
  EXPECT_NE(std::hash<Uuid>{}(one), std::hash<Uuid>{}(other));
  EXPECT_EQ(std::hash<Uuid>{}(one), std::hash<Uuid>{}(*Uuid::parse(kText)));
}

}  // namespace
}  // namespace oneclaw

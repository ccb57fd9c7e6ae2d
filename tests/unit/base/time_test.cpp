#include "base/time.h"

#include <gtest/gtest.h>

namespace oneclaw {
namespace {

constexpr std::int64_t kNoon = 1771416000;  // 2026-02-18T12:00:00Z

TEST(Rfc3339, WritesSixDigitsAndZ) {
  EXPECT_EQ(to_rfc3339(from_unix_seconds(kNoon)), "2026-02-18T12:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(from_micros(kNoon * 1'000'000 + 42)), "2026-02-18T12:00:00.000042Z");
  EXPECT_EQ(to_rfc3339(TimePoint{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(from_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, ComesBack) {
  for (const std::string_view text :
       {"0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "2024-02-29T23:59:59.000001Z",
        "2000-02-29T00:00:00.100000Z", "1969-12-31T23:59:59.999999Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_rfc3339(*time), text);
  }
}

TEST(Rfc3339, NamesOneInstantInManyWays) {
  for (const std::string_view text :
       {"2026-02-18T12:00:00Z", "2026-02-18t12:00:00z", "2026-02-18T12:00:00.0Z",
        "2026-02-18T12:00:00.000000000Z", "2026-02-18T12:00:00+00:00", "2026-02-18T12:00:00-00:00",
        "2026-02-18T13:00:00+01:00", "2026-02-18T06:30:00-05:30", "2026-02-19T11:59:00+23:59"}) {
    EXPECT_EQ(parse_rfc3339(text), from_unix_seconds(kNoon)) << text;
  }
}

TEST(Rfc3339, CutsTheFractionToMicroseconds) {
  EXPECT_EQ(parse_rfc3339("2026-02-18T12:00:00.5Z"), from_micros(kNoon * 1'000'000 + 500'000));
  EXPECT_EQ(parse_rfc3339("2026-02-18T12:00:00.000001999Z"), from_micros(kNoon * 1'000'000 + 1));
  EXPECT_EQ(parse_rfc3339("2026-02-18T12:00:00.999999999Z"),
            from_micros(kNoon * 1'000'000 + 999'999));
}

TEST(Rfc3339, Refused) {
  for (const std::string_view bad : {
           "",
           "now",
           "2026-02-18",
           "2026-02-18T12:00:00",
           "2026-02-18 12:00:00Z",
           "2026-02-18T12:00Z",
           "2026-02-18T12:00:00.Z",
           "2026-02-18T12:00:00.0000000000Z",
           "2026-02-18T12:00:00,5Z",
           "2026-02-18T12:00:00ZZ",
           "2026-02-18T12:00:00Z ",
           " 2026-02-18T12:00:00Z",
           "2026-02-18T12:00:00+0100",
           "2026-02-18T12:00:00+01",
           "2026-02-18T12:00:00+24:00",
           "2026-02-18T12:00:00+01:60",
           "2026-02-18T12:00:00*01:00",
           "2026-02-18T24:00:00Z",
           "2026-02-18T12:60:00Z",
           "2016-12-31T23:59:60Z",
           "2026-00-18T12:00:00Z",
           "2026-13-18T12:00:00Z",
           "2026-02-00T12:00:00Z",
           "2026-02-29T12:00:00Z",
           "1900-02-29T12:00:00Z",
           "2026-04-31T12:00:00Z",
           "+026-02-18T12:00:00Z",
           "-026-02-18T12:00:00Z",
           "20260-2-18T12:00:00Z",
           "2026/02/18T12:00:00Z",
           "2026-02-18T12-00-00Z",
           // The instant's own year has no four digits.
           "0000-01-01T00:00:00+00:01",
           "9999-12-31T23:59:59-00:01",
       }) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(UnixTime, SecondsRoundDown) {
  EXPECT_EQ(to_unix_seconds(from_micros(1'999'999)), 1);
  EXPECT_EQ(to_unix_seconds(from_micros(-1)), -1);
  EXPECT_EQ(to_micros(from_unix_seconds(-3)), -3'000'000);
  EXPECT_EQ(from_micros(to_micros(from_unix_seconds(kNoon))), from_unix_seconds(kNoon));
}

TEST(WallClock, IsAboutNow) {
  const TimePoint before = std::chrono::floor<std::chrono::microseconds>(Clock::now());
  const TimePoint time = now();
  EXPECT_GE(time, before);
  EXPECT_LE(time, Clock::now());
}

}  // namespace
}  // namespace oneclaw

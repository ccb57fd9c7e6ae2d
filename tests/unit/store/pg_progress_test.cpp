#include "store/pg_progress.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace oneclaw::store {
namespace {

using std::chrono::milliseconds;

constexpr PgProgress::Time at(std::int64_t milliseconds_) {
  return milliseconds(milliseconds_);
}

TEST(PgProgress, NeedsWhatTheOrgWrote) {
  PgProgress progress;
  progress.saw(100, at(0));
  EXPECT_EQ(progress.needed(uuid(1), at(0)), 100);
  progress.wrote(uuid(1), 150);
  progress.wrote(uuid(1), 140);
  EXPECT_EQ(progress.needed(uuid(1), at(0)), 150);
  EXPECT_EQ(progress.needed(uuid(2), at(0)), 100);
  progress.wrote({}, 200);
  EXPECT_EQ(progress.needed(uuid(1), at(0)), 200);
  EXPECT_EQ(progress.needed(uuid(2), at(0)), 200);
}

TEST(PgProgress, NeedsWhatThePrimaryHadABoundAgo) {
  PgProgress progress;
  for (std::int64_t i = 0; i <= 100; ++i) progress.saw(1000 + i, at(i * 200));
  const std::int64_t now = 100 * 200;
  const std::int64_t behind = milliseconds(PgProgress::kMostBehind).count();
  EXPECT_EQ(progress.needed(uuid(1), at(now)), 1000 + (now - behind) / 200);
  EXPECT_EQ(progress.needed(uuid(1), at(now + 1)), 1000 + (now - behind) / 200 + 1);
  EXPECT_EQ(progress.needed(uuid(1), at(now + 200)), 1000 + (now - behind) / 200 + 1);
}

TEST(PgProgress, KnowsNothingOnceThePrimaryIsSilent) {
  PgProgress progress;
  EXPECT_EQ(progress.needed(uuid(1), at(0)), std::nullopt);
  progress.saw(100, at(1000));
  EXPECT_EQ(progress.needed(uuid(1), at(1000) + PgProgress::kMostBehind), 100);
  EXPECT_EQ(progress.needed(uuid(1), at(1001) + PgProgress::kMostBehind), std::nullopt);
}

TEST(PgProgress, BeatsThatComeOftenForgetNothing) {
  PgProgress progress;
  for (std::int64_t i = 0; i <= 20'000; ++i) progress.saw(i, at(i));
  const auto needed = progress.needed(uuid(1), at(20'000));
  ASSERT_TRUE(needed.has_value());
  // A sample every 100 ms: what the primary had a bound ago, give or take one.
  EXPECT_GE(*needed, 15'000);
  EXPECT_LT(*needed, 15'000 + 200);
}

}  // namespace
}  // namespace oneclaw::store

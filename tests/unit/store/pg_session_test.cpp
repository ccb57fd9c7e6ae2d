#include "store/pg_session.h"

#include <gtest/gtest.h>

namespace oneclaw::store {
namespace {

using std::chrono::milliseconds;

/// Some time after the clock's beginning.
PgReach::Time at(int ms) {
  return PgReach::Time{} + milliseconds(1'000'000 + ms);
}

TEST(PgReach, WaitsLongerAfterEachFailureUpToASecond) {
  PgReach reach;
  int now = 0;
  for (const int wait : {50, 100, 200, 400, 800, 1000, 1000}) {
    EXPECT_TRUE(reach.may_try(at(now)));
    reach.failed(at(now), at(now));
    EXPECT_FALSE(reach.may_try(at(now + wait - 1)));
    now += wait;
  }
}

TEST(PgReach, CountsTriesAtOneTimeOnce) {
  PgReach reach;
  for (int session = 0; session < 6; ++session) reach.failed(at(0), at(10 + session));
  EXPECT_FALSE(reach.may_try(at(59)));
  EXPECT_TRUE(reach.may_try(at(60)));
}

TEST(PgReach, LetsAllTryOnceOneGotThrough) {
  PgReach reach;
  for (int now = 0; now < 5000; now += 1000) reach.failed(at(now), at(now));
  EXPECT_FALSE(reach.may_try(at(4100)));
  reach.reached();
  EXPECT_TRUE(reach.may_try(at(4100)));
  reach.failed(at(4200), at(4200));
  EXPECT_TRUE(reach.may_try(at(4250)));  // it counts from the start
}

}  // namespace
}  // namespace oneclaw::store

#include "domain/login_throttle.h"

#include <gtest/gtest.h>

namespace oneclaw::domain {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint(seconds(1771416000));

LoginThrottleLimits small_limits() {
  LoginThrottleLimits limits;
  limits.free_failures_per_account = 3;
  limits.free_failures_per_address = 6;
  limits.first_delay = seconds(2);
  limits.longest_delay = seconds(20);
  limits.forget_after = seconds(100);
  limits.most_entries = 8;
  return limits;
}

void fail_times(LoginThrottle& throttle, int count, TimePoint at, std::string_view account = "ann",
                std::string_view address = "192.0.2.1") {
  for (int i = 0; i < count; ++i) throttle.failed(account, address, at);
}

TEST(LoginThrottle, FirstFailuresAreFree) {
  LoginThrottle throttle(small_limits());
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.1", kStart), 0);
  fail_times(throttle, 2, kStart);
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.1", kStart), 0);
  fail_times(throttle, 1, kStart);
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.1", kStart), 2);
}

TEST(LoginThrottle, TheDelayDoublesUpToTheLongest) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 2, kStart);
  for (const int delay : {2, 4, 8, 16, 20, 20}) {
    throttle.failed("ann", "", kStart);
    EXPECT_EQ(throttle.retry_after("ann", "other", kStart), delay);
  }
  fail_times(throttle, 200, kStart);  // no overflow, however many
  EXPECT_EQ(throttle.retry_after("ann", "other", kStart), 20);
}

TEST(LoginThrottle, WaitsAreRoundedUpAndEnd) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart);
  EXPECT_EQ(throttle.retry_after("ann", "", kStart + milliseconds(999)), 2);
  EXPECT_EQ(throttle.retry_after("ann", "", kStart + milliseconds(1999)), 1);
  EXPECT_EQ(throttle.retry_after("ann", "", kStart + seconds(2)), 0);
}

TEST(LoginThrottle, AccountsAreApart) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart);
  EXPECT_EQ(throttle.retry_after("bob", "192.0.2.1", kStart), 0);
  EXPECT_EQ(throttle.retry_after("bob", "192.0.2.2", kStart), 0);
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.2", kStart), 2);
}

TEST(LoginThrottle, AnAddressThatTriesManyAccountsWaitsToo) {
  LoginThrottle throttle(small_limits());
  for (const std::string_view account : {"a", "b", "c", "d", "e"}) {
    throttle.failed(account, "192.0.2.1", kStart);
  }
  EXPECT_EQ(throttle.retry_after("new", "192.0.2.1", kStart), 0);
  throttle.failed("f", "192.0.2.1", kStart);
  EXPECT_EQ(throttle.retry_after("new", "192.0.2.1", kStart), 2);
  EXPECT_EQ(throttle.retry_after("new", "192.0.2.2", kStart), 0);
}

TEST(LoginThrottle, AnAccountNamedLikeAnAddressIsNotOne) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart, "192.0.2.1", "x");
  EXPECT_EQ(throttle.retry_after("other", "192.0.2.1", kStart), 0);
}

TEST(LoginThrottle, TheLongerWaitCounts) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 6, kStart);  // the account's fourth delay, the address's first
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.1", kStart), 16);
  EXPECT_EQ(throttle.retry_after("bob", "192.0.2.1", kStart), 2);
}

TEST(LoginThrottle, SuccessForgetsTheAccountAlone) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 6, kStart);
  throttle.succeeded("ann");
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.9", kStart), 0);
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.1", kStart), 2);
  fail_times(throttle, 2, kStart, "ann", "192.0.2.9");
  EXPECT_EQ(throttle.retry_after("ann", "192.0.2.9", kStart), 0);
  throttle.succeeded("nobody");
}

TEST(LoginThrottle, ForgetsAfterAWhile) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart);
  throttle.failed("ann", "", kStart + seconds(100));  // just in time
  EXPECT_EQ(throttle.retry_after("ann", "", kStart + seconds(100)), 4);
  const TimePoint later = kStart + seconds(201);
  fail_times(throttle, 2, later);
  EXPECT_EQ(throttle.retry_after("ann", "", later), 0);
  throttle.failed("ann", "", later);
  EXPECT_EQ(throttle.retry_after("ann", "", later), 2);
}

TEST(LoginThrottle, MemoryIsBounded) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart, "ann", "192.0.2.1");
  for (int i = 0; i < 1000; ++i) {
    throttle.failed("ann", "192.0.2.1", kStart);  // stays: it fails often
    throttle.failed("account-" + std::to_string(i), "address-" + std::to_string(i), kStart);
    EXPECT_LE(throttle.size(), 8U);
  }
  EXPECT_EQ(throttle.retry_after("ann", "", kStart), 20);
  EXPECT_EQ(throttle.retry_after("account-0", "address-0", kStart), 0);
}

TEST(LoginThrottle, TheLeastRecentlyFailedIsDropped) {
  LoginThrottle throttle(small_limits());
  fail_times(throttle, 3, kStart, "ann", "192.0.2.1");
  fail_times(throttle, 3, kStart, "bob", "192.0.2.2");
  fail_times(throttle, 3, kStart, "cyd", "192.0.2.3");
  fail_times(throttle, 3, kStart, "dan", "192.0.2.4");
  EXPECT_EQ(throttle.size(), 8U);
  throttle.failed("ann", "192.0.2.1", kStart);
  throttle.failed("eve", "192.0.2.5", kStart);
  EXPECT_EQ(throttle.size(), 8U);
  EXPECT_EQ(throttle.retry_after("bob", "", kStart), 0);
  EXPECT_EQ(throttle.retry_after("ann", "", kStart), 4);
  EXPECT_EQ(throttle.retry_after("cyd", "", kStart), 2);
}

}  // namespace
}  // namespace oneclaw::domain

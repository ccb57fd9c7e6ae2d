#include "service/action_limiter.h"

#include <gtest/gtest.h>

namespace oneclaw::service {
namespace {

constexpr ActionLimiter::Rule kTwoAMinute{.most = 2, .window = std::chrono::seconds(60)};

TEST(ActionLimiter, AFullWindowRefusesUntilItEnds) {
  ActionLimiter limiter;
  const TimePoint start = from_unix_seconds(1000);
  EXPECT_TRUE(limiter.admit("a", kTwoAMinute, start).ok());
  EXPECT_TRUE(limiter.admit("a", kTwoAMinute, start + std::chrono::seconds(10)).ok());
  const auto refused = limiter.admit("a", kTwoAMinute, start + std::chrono::seconds(20));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.problem().status, 429);
  EXPECT_EQ(refused.problem().retry_after_seconds, 40);
  EXPECT_TRUE(limiter.admit("b", kTwoAMinute, start + std::chrono::seconds(20)).ok());
  EXPECT_FALSE(limiter.admit("a", kTwoAMinute, start + std::chrono::seconds(59)).ok());
  EXPECT_TRUE(limiter.admit("a", kTwoAMinute, start + std::chrono::seconds(60)).ok());
}

TEST(ActionLimiter, AnIpv6ClientIsItsNetwork) {
  const auto key = [](std::string_view text) { return client_key(*IpAddress::parse(text)); };
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::ffff:2"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
}

}  // namespace
}  // namespace oneclaw::service

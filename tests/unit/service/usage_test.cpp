#include "service/usage.h"

#include <gtest/gtest.h>

namespace oneclaw::service {
namespace {

TEST(Usage, CountsRequestsThatWereLetThrough) {
  EXPECT_TRUE(Usage::counts("user", R"({"outcome":"success","request_id":"r"})"));
  EXPECT_TRUE(Usage::counts("agent", R"({"outcome":"denied","status":403,"request_id":"r"})"));
  EXPECT_FALSE(Usage::counts("agent", R"({"outcome":"denied","status":402,"request_id":"r"})"));
  EXPECT_FALSE(Usage::counts("user", R"({"outcome":"denied","status":429,"request_id":"r"})"));
  EXPECT_FALSE(Usage::counts("system", R"({"outcome":"success"})"));
  EXPECT_FALSE(Usage::counts("anonymous", R"({"outcome":"denied","status":401})"));
}

TEST(Usage, GoesByTheLogsOwnStatus) {
  EXPECT_FALSE(Usage::counts("user", R"({"status":"pending","outcome":"denied","status":429})"));
  EXPECT_TRUE(Usage::counts("user", R"({"path":"a\"status\":429","outcome":"success"})"));
}

}  // namespace
}  // namespace oneclaw::service

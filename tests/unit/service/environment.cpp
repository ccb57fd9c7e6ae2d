#include <gtest/gtest.h>
#include <sodium.h>

namespace {

class SodiumEnvironment : public testing::Environment {
  void SetUp() override { ASSERT_GE(sodium_init(), 0); }
};

[[maybe_unused]] const testing::Environment* const sodium_environment =
    testing::AddGlobalTestEnvironment(new SodiumEnvironment);  // gtest owns it

}  // namespace

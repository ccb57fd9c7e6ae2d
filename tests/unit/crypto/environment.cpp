#include <gtest/gtest.h>
#include <sodium.h>

namespace {

class SodiumEnvironment : public testing::Environment {
  void SetUp() override { ASSERT_GE(sodium_init(), 0); }
};

[[maybe_unused]] const testing::Environment* const sodium_environment =
    testing::AddGlobalTestEnvironment(new SodiumEnvironment);  // gtest owns it

}  // namespace

// SoftHSM2 2.6 leaks an ASN1_OCTET_STRING for each pair that C_GenerateKeyPair makes. Whole stacks
// tell its leaks from ours. (tests/lsan.supp is the same for the server.)
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" const char* __asan_default_options() {
  return "fast_unwind_on_malloc=0";
}
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libsofthsm2.so";
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

#include "crypto/password.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace oneclaw::crypto {
namespace {

constexpr Argon2Cost kCheap{.memory_bytes = 8UL * 1024, .passes = 1};

TEST(Password, VerifiesWhatItHashed) {
  const auto phc = hash_password("correct horse", kCheap);
  ASSERT_TRUE(phc.ok());
  EXPECT_TRUE(phc->starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << *phc;
  EXPECT_TRUE(verify_password("correct horse", *phc));
  for (const std::string_view wrong : {"", "correct hors", "correct horse ", "Correct horse"}) {
    EXPECT_FALSE(verify_password(wrong, *phc)) << wrong;
  }
}

TEST(Password, SaltsEachHash) {
  EXPECT_NE(hash_password("same", kCheap).value(), hash_password("same", kCheap).value());
}

TEST(Password, CountsEveryByte) {
  using namespace std::string_view_literals;
  const std::string phc = hash_password("a\0b"sv, kCheap).value();
  EXPECT_TRUE(verify_password("a\0b"sv, phc));
  EXPECT_FALSE(verify_password("a"sv, phc));
  EXPECT_FALSE(verify_password("a\0c"sv, phc));
  EXPECT_TRUE(verify_password("", hash_password("", kCheap).value()));
  const std::string at_length(4096, 'x');
  const std::string long_phc = hash_password(at_length, kCheap).value();
  EXPECT_TRUE(verify_password(at_length, long_phc));
  EXPECT_FALSE(verify_password(at_length.substr(1), long_phc));
}

TEST(Password, UsesTheCostItIsGiven) {
  const auto phc = hash_password("x", {.memory_bytes = 19UL * 1024 * 1024, .passes = 2});
  ASSERT_TRUE(phc.ok());
  EXPECT_TRUE(phc->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *phc;
  EXPECT_TRUE(verify_password("x", *phc));
}

// Made by the reference implementation's command line:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
TEST(Password, VerifiesTheReferenceImplementation) {
  const std::string phc =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
      "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  EXPECT_TRUE(verify_password("password", phc));
  EXPECT_FALSE(verify_password("passwore", phc));
}

TEST(Password, RefusesACostOutOfRange) {
  const auto low_memory = hash_password("x", {.memory_bytes = 1024, .passes = 2});
  ASSERT_FALSE(low_memory.ok());
  EXPECT_EQ(low_memory.problem().status, 500);
  EXPECT_FALSE(hash_password("x", {.memory_bytes = 8192, .passes = 0}).ok());
  EXPECT_FALSE(
      hash_password("x", {.memory_bytes = crypto_pwhash_MEMLIMIT_MAX + 1, .passes = 1}).ok());
}

TEST(Password, RefusesWhatIsNoHash) {
  const std::string phc = hash_password("x", kCheap).value();
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("$argon2id$"), std::string(500, 'a'),
        "$argon2id$" + std::string(500, 'a'), phc.substr(0, phc.size() - 1), phc + "A", phc + '\0',
        "$argon2i$" + phc.substr(10), phc.substr(1)}) {
    EXPECT_FALSE(verify_password("x", bad)) << bad;
  }
}

}  // namespace
}  // namespace oneclaw::crypto

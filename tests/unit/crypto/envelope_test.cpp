#include "crypto/envelope.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "hex.h"

namespace oneclaw::crypto {
namespace {

using namespace std::chrono_literals;

Uuid uuid(std::string_view tail) {
  return Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8" + std::string(tail)).value();
}

VersionBinding make_binding() {
  VersionBinding binding;
  binding.org_id = uuid("001");
  binding.vault_id = uuid("002");
  binding.secret_id = uuid("003");
  binding.path = "prod/db/password";
  binding.version = 7;
  binding.type = "password";
  binding.metadata_json = R"({"a":1})";
  binding.created_by = "user:01890a5d-ac96-774b-bcce-b302099a8004";
  binding.created_at = from_unix_seconds(1'700'000'000);
  binding.expires_at = from_unix_seconds(1'800'000'000);
  binding.max_access_count = 3;
  return binding;
}

class EnvelopeTest : public testing::Test {
 protected:
  static void expect_refused(const Result<SecureBytes>& opened, std::string_view what) {
    ASSERT_FALSE(opened.ok()) << what;
    EXPECT_EQ(opened.problem().status, 500) << what;
    EXPECT_EQ(opened.problem().code, "decryption-failed") << what;
  }

  Key256 kek_ = Key256::random();
  VersionBinding binding_ = make_binding();
  SealedVersion sealed_ = seal_version(kek_, 2, binding_, as_bytes("hunter2")).value();
};

TEST_F(EnvelopeTest, OpensWhatItSealed) {
  const auto opened = open_version(kek_, 2, binding_, sealed_);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(as_text(*opened), "hunter2");
  EXPECT_EQ(sealed_.wrapped_dek.size(), 60U);
  EXPECT_EQ(sealed_.ciphertext.size(), 7U + 28U);
}

TEST_F(EnvelopeTest, OpensEmptyAndLargestValues) {
  Bytes large(512UL * 1024);
  randombytes_buf(large.data(), large.size());
  for (const Bytes& value : {Bytes{}, Bytes{0}, large}) {
    const auto sealed = seal_version(kek_, 1, binding_, value);
    ASSERT_TRUE(sealed.ok());
    const auto opened = open_version(kek_, 1, binding_, *sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(std::equal(value.begin(), value.end(), opened->begin(), opened->end()));
  }
}

TEST_F(EnvelopeTest, SealsOneValueDifferentlyEachTime) {
  const SealedVersion again = seal_version(kek_, 2, binding_, as_bytes("hunter2")).value();
  EXPECT_NE(again.wrapped_dek, sealed_.wrapped_dek);
  EXPECT_NE(again.ciphertext, sealed_.ciphertext);
  // Each has its own DEK: the halves of two seals do not go together.
  expect_refused(open_version(kek_, 2, binding_, {again.wrapped_dek, sealed_.ciphertext}), "mixed");
}

TEST_F(EnvelopeTest, RefusesEveryFlippedByte) {
  for (Bytes SealedVersion::*const part :
       {&SealedVersion::wrapped_dek, &SealedVersion::ciphertext}) {
    for (std::size_t i = 0; i < (sealed_.*part).size(); ++i) {
      SealedVersion forged = sealed_;
      (forged.*part)[i] ^= 0x01;
      expect_refused(open_version(kek_, 2, binding_, forged), "byte " + std::to_string(i));
    }
  }
}

TEST_F(EnvelopeTest, RefusesEveryOtherLength) {
  for (Bytes SealedVersion::*const part :
       {&SealedVersion::wrapped_dek, &SealedVersion::ciphertext}) {
    for (std::size_t size = 0; size <= (sealed_.*part).size() + 1; ++size) {
      if (size == (sealed_.*part).size()) continue;
      SealedVersion forged = sealed_;
      (forged.*part).resize(size);
      expect_refused(open_version(kek_, 2, binding_, forged), "size " + std::to_string(size));
    }
  }
}

TEST_F(EnvelopeTest, RefusesAnotherKekOrKekVersion) {
  expect_refused(open_version(Key256::random(), 2, binding_, sealed_), "kek");
  expect_refused(open_version(kek_, 1, binding_, sealed_), "kek version");
  expect_refused(open_version(kek_, 3, binding_, sealed_), "kek version");
}

TEST_F(EnvelopeTest, RefusesAChangeOfAnyMember) {
  using Change = std::function<void(VersionBinding&)>;
  const std::pair<std::string_view, Change> changes[] = {
      {"org_id", [](VersionBinding& b) { b.org_id = uuid("009"); }},
      {"vault_id", [](VersionBinding& b) { b.vault_id = uuid("009"); }},
      {"secret_id", [](VersionBinding& b) { b.secret_id = uuid("009"); }},
      {"ids swapped", [](VersionBinding& b) { std::swap(b.org_id, b.vault_id); }},
      {"path", [](VersionBinding& b) { b.path = "prod/db/passwore"; }},
      {"version", [](VersionBinding& b) { b.version = 8; }},
      {"type", [](VersionBinding& b) { b.type = "note"; }},
      {"metadata", [](VersionBinding& b) { b.metadata_json = R"({"a":2})"; }},
      {"created_by", [](VersionBinding& b) { b.created_by.back() = '5'; }},
      {"created_at", [](VersionBinding& b) { b.created_at += 1us; }},
      {"expires_at", [](VersionBinding& b) { *b.expires_at += 1us; }},
      {"no expires_at", [](VersionBinding& b) { b.expires_at.reset(); }},
      {"max_access_count", [](VersionBinding& b) { b.max_access_count = 4; }},
      {"no max_access_count", [](VersionBinding& b) { b.max_access_count.reset(); }},
      // Bytes that move from one text to the next make the same run of bytes.
      {"type and metadata",
       [](VersionBinding& b) {
         b.type += b.metadata_json.front();
         b.metadata_json.erase(0, 1);
       }},
  };
  for (const auto& [name, change] : changes) {
    VersionBinding changed = binding_;
    change(changed);
    expect_refused(open_version(kek_, 2, changed, sealed_), name);
  }
}

TEST_F(EnvelopeTest, AbsentIsNotZeroNorTheOtherOption) {
  binding_.expires_at.reset();
  binding_.max_access_count = 0;
  const SealedVersion sealed = seal_version(kek_, 2, binding_, {}).value();
  ASSERT_TRUE(open_version(kek_, 2, binding_, sealed).ok());
  VersionBinding changed = binding_;
  changed.max_access_count.reset();
  expect_refused(open_version(kek_, 2, changed, sealed), "absent");
  changed.expires_at = TimePoint{};
  expect_refused(open_version(kek_, 2, changed, sealed), "the other option");
}

TEST(KekAad, DiffersWithEachMember) {
  const std::set<Bytes> all{
      kek_aad(uuid("001"), uuid("002"), 1), kek_aad(uuid("002"), uuid("001"), 1),
      kek_aad(uuid("001"), uuid("003"), 1), kek_aad(uuid("003"), uuid("002"), 1),
      kek_aad(uuid("001"), uuid("002"), 2), kek_aad(uuid("001"), uuid("002"), 256)};
  EXPECT_EQ(all.size(), 6U);
  EXPECT_EQ(to_hex(kek_aad(uuid("001"), uuid("002"), 258)),
            "000000000000000d6f6e65636c61772f6b656b2f31"  // "oneclaw/kek/1" after its length
            "01890a5dac96774bbcceb302099a8001"
            "01890a5dac96774bbcceb302099a8002"
            "0000000000000102");
}

}  // namespace
}  // namespace oneclaw::crypto

// The pkcs11: keyring over SoftHSM2.
#include <gtest/gtest.h>
#include <p11-kit/p11-kit.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/jwt.h"
#include "crypto/keyring.h"

namespace oneclaw::crypto {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

class Pkcs11Test : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(kModule)) << "softhsm2 is missing: packaging/install-packages";
    std::string name = (fs::temp_directory_path() / "oneclaw-softhsm-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "tokens");
    std::ofstream(folder_ / "softhsm2.conf")
        << "directories.tokendir = " << (folder_ / "tokens").string() << "\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
    ASSERT_EQ(std::system("softhsm2-util --init-token --free --label t --so-pin 1234 --pin 5678 "
                          "> /dev/null"),
              0);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string uri(const std::string& pin = "&pin-value=5678") {
    return std::string("pkcs11:token=t;object=root?module-path=") + kModule + pin;
  }
  std::unique_ptr<Keyring> open(bool create = true, bool sign_in_token = false) {
    auto opened = open_keyring(
        {.uri = uri(), .folder = folder_, .create = create, .sign_in_token = sign_in_token});
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.problem().detail);
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  fs::path folder_;
};

TEST_F(Pkcs11Test, WrapsUnwrapsAndRotates) {
  auto keyring = open();
  ASSERT_NE(keyring, nullptr);
  const KeyringStatus status = keyring->status();
  EXPECT_EQ(status.provider, "pkcs11");
  EXPECT_TRUE(status.ready);
  const Key256 key = Key256::random();
  const WrappedKey wrapped = keyring->wrap(key.view(), as_bytes("aad")).value();
  EXPECT_EQ(wrapped.root_key_id, status.active_root_key_id);
  EXPECT_TRUE(secure_equal(keyring->unwrap(wrapped, as_bytes("aad")).value(), key.view()));
  EXPECT_EQ(keyring->unwrap(wrapped, as_bytes("other")).problem().code, "decryption-failed");
  for (std::size_t i = 0; i < wrapped.blob.size(); ++i) {
    WrappedKey forged = wrapped;
    forged.blob[i] ^= 1;
    EXPECT_EQ(keyring->unwrap(forged, as_bytes("aad")).problem().code, "decryption-failed") << i;
  }
  WrappedKey unknown = wrapped;
  unknown.root_key_id = "01890000-0000-7000-8000-000000000000";
  EXPECT_EQ(keyring->unwrap(unknown, as_bytes("aad")).problem().status, 503);

  const std::string id = keyring->rotate().value();
  EXPECT_NE(id, wrapped.root_key_id);
  EXPECT_EQ(keyring->status().active_root_key_id, id);
  EXPECT_EQ(keyring->wrap(key.view(), {}).value().root_key_id, id);
  EXPECT_TRUE(keyring->unwrap(wrapped, as_bytes("aad")).ok());
  EXPECT_EQ(keyring->forget(id).problem().status, 409);
  ASSERT_TRUE(keyring->forget(wrapped.root_key_id).ok());
  EXPECT_EQ(keyring->unwrap(wrapped, as_bytes("aad")).problem().status, 503);
}

TEST_F(Pkcs11Test, KeysOutliveTheProcessAndTheSeal) {
  WrappedKey wrapped;
  {
    auto keyring = open();
    wrapped = keyring->wrap(as_bytes("key"), {}).value();
    keyring->seal();
    EXPECT_EQ(keyring->status().state, KeyringState::kSealed);
    EXPECT_EQ(keyring->unwrap(wrapped, {}).problem().status, 503);
    EXPECT_EQ(keyring->unseal("0000").problem().status, 400);
    EXPECT_TRUE(keyring->unseal("5678").value());
    EXPECT_EQ(as_text(keyring->unwrap(wrapped, {}).value()), "key");
  }
  EXPECT_EQ(as_text(open(false)->unwrap(wrapped, {}).value()), "key");
}

TEST_F(Pkcs11Test, ATokenWithoutARootKeyIsRefusedUnlessTheFolderIsNew) {
  EXPECT_FALSE(open_keyring({.uri = uri(), .folder = folder_, .create = false}).ok());
  EXPECT_FALSE(
      open_keyring({.uri = uri("&pin-value=0000"), .folder = folder_, .create = true}).ok());
}

/// Every secret and private key in the token, asked for its value.
TEST_F(Pkcs11Test, NoKeyCanBeReadOutOfTheToken) {
  {
    auto keyring = open(true, true);
    ASSERT_TRUE(keyring->generate_signing_key().ok());
  }
  CK_FUNCTION_LIST* const p11 = p11_kit_module_load(kModule, P11_KIT_MODULE_UNMANAGED);
  ASSERT_NE(p11, nullptr);
  ASSERT_EQ(p11_kit_module_initialize(p11), CKR_OK);
  std::array<CK_SLOT_ID, 8> slots{};
  CK_ULONG count = slots.size();
  ASSERT_EQ(p11->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, nullptr, nullptr, &session), CKR_OK);
  std::string pin = "5678";
  ASSERT_EQ(p11->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), 4),
            CKR_OK);
  ASSERT_EQ(p11->C_FindObjectsInit(session, nullptr, 0), CKR_OK);
  std::array<CK_OBJECT_HANDLE, 16> objects{};
  ASSERT_EQ(p11->C_FindObjects(session, objects.data(), objects.size(), &count), CKR_OK);
  p11->C_FindObjectsFinal(session);
  int secret = 0;
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_OBJECT_CLASS kind = 0;
    CK_ATTRIBUTE asked{CKA_CLASS, &kind, sizeof(kind)};
    ASSERT_EQ(p11->C_GetAttributeValue(session, objects.at(i), &asked, 1), CKR_OK);
    if (kind == CKO_PUBLIC_KEY) continue;
    ++secret;
    std::array<std::uint8_t, 64> value{};
    asked = {CKA_VALUE, value.data(), value.size()};
    EXPECT_EQ(p11->C_GetAttributeValue(session, objects.at(i), &asked, 1), CKR_ATTRIBUTE_SENSITIVE);
    EXPECT_EQ(value, (std::array<std::uint8_t, 64>{}));
    for (const CK_ATTRIBUTE_TYPE type : {CKA_NEVER_EXTRACTABLE, CKA_ALWAYS_SENSITIVE}) {
      CK_BBOOL flag = CK_FALSE;
      asked = {type, &flag, sizeof(flag)};
      EXPECT_EQ(p11->C_GetAttributeValue(session, objects.at(i), &asked, 1), CKR_OK);
      EXPECT_EQ(flag, CK_TRUE);
    }
  }
  EXPECT_EQ(secret, 2);
  p11_kit_module_finalize(p11);
  p11_kit_module_release(p11);
}

TEST_F(Pkcs11Test, ManyThreadsShareFewSessions) {
  auto keyring = open();
  const WrappedKey wrapped = keyring->wrap(as_bytes("key"), {}).value();
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 24; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto opened = keyring->unwrap(wrapped, {});
        if (!opened.ok() || as_text(*opened) != "key") ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_F(Pkcs11Test, JwtsAreSignedInTheToken) {
  auto keyring = open(true, true);
  const StoredSigningKey stored = keyring->generate_signing_key().value();
  EXPECT_EQ(stored.root_key_id, kHeldInToken);
  const auto signer = keyring->open_signing_key(stored).value();
  EXPECT_EQ(signer->kid(), stored.kid);
  Claims claims;
  claims.issuer = "https://example.com";
  claims.subject = "user:" + Uuid::v4().to_string();
  claims.role = "owner";
  claims.issued_at = claims.not_before = now();
  claims.expires_at = claims.issued_at + std::chrono::minutes(1);
  claims.id = Uuid::v4();
  const SecureString token = sign_token(*signer, claims).value();
  const TokenVerifier verifier({{stored.kid, stored.public_key}}, claims.issuer);
  EXPECT_TRUE(verifier.verify(token.view(), now()).ok());

  const auto time = [&](const Signer& by) {
    constexpr int kRounds = 300;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) EXPECT_TRUE(by.sign(as_bytes("message")).ok());
    const auto took = std::chrono::steady_clock::now() - began;
    return std::chrono::duration_cast<std::chrono::microseconds>(took).count() / kRounds;
  };
  const auto in_memory = make_signer(Ed25519Key::generate());
  std::cout << "a signature: " << time(*signer) << " us in SoftHSM2, " << time(*in_memory)
            << " us in memory\n";

  StoredSigningKey renamed = stored;
  renamed.kid = in_memory->kid();
  EXPECT_FALSE(keyring->open_signing_key(renamed).ok());
}

}  // namespace
}  // namespace oneclaw::crypto

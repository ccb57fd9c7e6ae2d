// The keyring file under a passphrase, and under shares.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "crypto/file_keyring.h"
#include "crypto/keyring.h"

namespace oneclaw::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPassphrase = "correct horse battery staple";

class LockedKeyringTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oneclaw-locked-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<Keyring> open(const std::string& uri, bool create = false) {
    auto opened = open_keyring({.uri = uri, .folder = folder_, .create = create});
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.problem().detail);
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, fs::perms::owner_read | fs::perms::owner_write);
    return folder_ / name;
  }
  std::string file() const {
    std::ifstream in(folder_ / "keyring.json");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Protection passphrase(std::string_view text) {
    Protection protection;
    protection.passphrase = SecureString(text);
    return protection;
  }
  static Protection split(int threshold, int shares) {
    Protection protection;
    protection.threshold = threshold;
    protection.shares = shares;
    return protection;
  }
  fs::path folder_;
};

TEST_F(LockedKeyringTest, APassphraseOpensItAndNothingElseDoes) {
  auto keyring = open("file:?passphrase=prompt", true);
  EXPECT_EQ(keyring->status().state, KeyringState::kUninitialized);
  EXPECT_EQ(keyring->wrap({}, {}).problem().status, 503);
  EXPECT_EQ(keyring->unseal(kPassphrase).problem().status, 409);
  EXPECT_EQ(keyring->init(passphrase("short")).problem().status, 400);
  ASSERT_TRUE(keyring->init(passphrase(kPassphrase)).ok());
  EXPECT_EQ(keyring->status().state, KeyringState::kSealed);
  EXPECT_EQ(keyring->init(passphrase(kPassphrase)).problem().status, 409);
  const auto wrong = keyring->unseal("correct horse battery stable");
  EXPECT_EQ(wrong.problem().status, 400);
  EXPECT_EQ(keyring->status().state, KeyringState::kSealed);
  ASSERT_TRUE(keyring->unseal(kPassphrase).value());
  const WrappedKey wrapped = keyring->wrap(as_bytes("key"), as_bytes("aad")).value();

  // What lies on the disk holds no key: it opens in another process with the passphrase alone.
  EXPECT_EQ(file().find("\"key\""), std::string::npos);
  auto again = open("file:?passphrase=prompt");
  EXPECT_EQ(again->unwrap(wrapped, as_bytes("aad")).problem().code, "sealed");
  ASSERT_TRUE(again->unseal(kPassphrase).value());
  EXPECT_EQ(as_text(again->unwrap(wrapped, as_bytes("aad")).value()), "key");
  again->seal();
  EXPECT_EQ(again->unwrap(wrapped, as_bytes("aad")).problem().code, "sealed");
  EXPECT_EQ(again->status().state, KeyringState::kSealed);
}

TEST_F(LockedKeyringTest, APassphraseFileOpensItAtTheStart) {
  const fs::path secret = write("passphrase", std::string(kPassphrase) + "\n");
  const std::string uri = "file:?passphrase-file=" + secret.string();
  EXPECT_TRUE(open(uri, true)->status().ready);
  EXPECT_TRUE(open(uri)->status().ready);
  EXPECT_EQ(open("file:")->status().state, KeyringState::kSealed);
  write("passphrase", "another passphrase");
  EXPECT_FALSE(open_keyring({.uri = uri, .folder = folder_}).ok());
  fs::permissions(secret, fs::perms::group_read, fs::perm_options::add);
  EXPECT_FALSE(open_keyring({.uri = uri, .folder = folder_}).ok());
}

TEST_F(LockedKeyringTest, ASystemdCredentialOpensItWhateverItsMode) {
  fs::create_directory(folder_ / "credentials");
  const fs::path file = write("credentials/root", std::string(kPassphrase));
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read);
  const KeyringOptions options{
      .uri = "file:?passphrase-credential=root", .folder = folder_, .create = true};
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(open_keyring(options).problem().status, 400);
  ::setenv("CREDENTIALS_DIRECTORY", (folder_ / "credentials").c_str(), 1);
  EXPECT_TRUE(open_keyring(options).ok());
  EXPECT_EQ(open_keyring({.uri = "file:?passphrase-credential=../root", .folder = folder_})
                .problem()
                .status,
            400);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(LockedKeyringTest, SharesOpenItOneByOne) {
  auto keyring = open("shamir:", true);
  EXPECT_EQ(keyring->status().state, KeyringState::kUninitialized);
  EXPECT_EQ(keyring->init(passphrase(kPassphrase)).problem().status, 400);
  const auto made = keyring->init(split(3, 5)).value();
  ASSERT_EQ(made.shares.size(), 5U);

  auto other = open("shamir:");
  EXPECT_EQ(other->status().provider, "shamir");
  EXPECT_EQ(other->status().threshold, 3);
  EXPECT_FALSE(other->unseal(made.shares[4].view()).value());
  EXPECT_FALSE(other->unseal(made.shares[1].view()).value());
  EXPECT_EQ(other->status().entered, 2);
  EXPECT_EQ(other->unseal(made.shares[1].view()).problem().status, 400);  // twice
  EXPECT_EQ(other->unseal("ocs_nonsense").problem().status, 400);
  EXPECT_EQ(other->status().entered, 2);
  EXPECT_TRUE(other->unseal(made.shares[0].view()).value());
  EXPECT_TRUE(other->status().ready);
  EXPECT_EQ(other->status().entered, 0);
}

TEST_F(LockedKeyringTest, SharesOfAnotherSetAreRefused) {
  auto keyring = open("shamir:", true);
  const auto first = keyring->init(split(2, 3)).value();
  ASSERT_FALSE(keyring->unseal(first.shares[0].view()).value());
  ASSERT_TRUE(keyring->unseal(first.shares[2].view()).value());
  EXPECT_FALSE(keyring->rekey(split(2, 2), first.shares[1].view()).value().done);
  const auto second = keyring->rekey(split(2, 2), first.shares[0].view()).value();
  ASSERT_TRUE(second.done);
  ASSERT_EQ(second.shares.size(), 2U);
  keyring->seal();
  EXPECT_EQ(keyring->unseal(first.shares[0].view()).problem().status, 400);
  EXPECT_FALSE(keyring->unseal(second.shares[0].view()).value());
  EXPECT_TRUE(keyring->unseal(second.shares[1].view()).value());
}

TEST_F(LockedKeyringTest, RekeyAsksForWhatUnsealsNow) {
  auto keyring = open("file:", true);
  const WrappedKey wrapped = keyring->wrap(as_bytes("key"), {}).value();
  ASSERT_TRUE(keyring->rekey(passphrase(kPassphrase), "").value().done);  // from no protection
  EXPECT_EQ(keyring->rekey(passphrase("another passphrase"), "guess").problem().status, 400);
  ASSERT_TRUE(keyring->rekey(passphrase("another passphrase"), kPassphrase).value().done);
  const auto shared = keyring->rekey(split(2, 3), "another passphrase").value();
  ASSERT_TRUE(shared.done);
  EXPECT_EQ(keyring->status().provider, "shamir");

  auto again = open("shamir:");
  EXPECT_FALSE(again->unseal(shared.shares[0].view()).value());
  EXPECT_TRUE(again->unseal(shared.shares[1].view()).value());
  EXPECT_EQ(as_text(again->unwrap(wrapped, {}).value()), "key");
}

TEST_F(LockedKeyringTest, ARotatedKeyIsStoredUnderTheSameProtection) {
  for (const std::string uri : {"file:", "file:?passphrase=prompt"}) {
    fs::remove(folder_ / "keyring.json");
    auto keyring = open(uri, true);
    if (uri != "file:") {
      ASSERT_TRUE(keyring->init(passphrase(kPassphrase)).ok());
      ASSERT_TRUE(keyring->unseal(kPassphrase).value());
    }
    const WrappedKey old = keyring->wrap(as_bytes("old"), {}).value();
    const std::string id = keyring->rotate().value();
    EXPECT_EQ(keyring->status().active_root_key_id, id);
    EXPECT_NE(old.root_key_id, id);
    const WrappedKey fresh = keyring->wrap(as_bytes("new"), {}).value();
    EXPECT_EQ(fresh.root_key_id, id);

    auto again = open(uri);
    if (uri != "file:") {
      ASSERT_TRUE(again->unseal(kPassphrase).value());
    }
    EXPECT_EQ(as_text(again->unwrap(old, {}).value()), "old");
    EXPECT_EQ(as_text(again->unwrap(fresh, {}).value()), "new");
    EXPECT_EQ(again->forget(id).problem().status, 409);
    EXPECT_EQ(again->forget("nothing").problem().status, 404);
    ASSERT_TRUE(again->forget(old.root_key_id).ok());
    EXPECT_EQ(again->unwrap(old, {}).problem().status, 503);
    EXPECT_EQ(as_text(again->unwrap(fresh, {}).value()), "new");
  }
}

TEST_F(LockedKeyringTest, ADamagedFileIsRefused) {
  auto keyring = open("shamir:", true);
  const auto made = keyring->init(split(2, 2)).value();
  const std::string good = file();
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write("keyring.json", bad);
    const auto opened = open_keyring({.uri = "shamir:", .folder = folder_});
    if (!opened.ok()) continue;
    // What still reads as a keyring must not open: all of the file is bound to its seal.
    bool open = false;
    for (const SecureString& share : made.shares) {
      const auto unsealed = (*opened)->unseal(share.view());
      open = unsealed.ok() && *unsealed;
    }
    EXPECT_TRUE(!open || bad == good) << i << " " << bad;
  }
}

TEST_F(LockedKeyringTest, AUriThatFitsNotTheFileIsRefused) {
  open("file:", true);
  for (const std::string uri :
       {"shamir:", "file:?passphrase=prompt", "file:?x=y", "file:?passphrase",
        "shamir:?passphrase=prompt", "nothing", "", "pkcs11:token=x",
        "pkcs11:token=x?module-path=/nonexistent.so", "pkcs11:;;"}) {
    EXPECT_FALSE(open_keyring({.uri = uri, .folder = folder_, .create = false}).ok()) << uri;
  }
}

}  // namespace
}  // namespace oneclaw::crypto

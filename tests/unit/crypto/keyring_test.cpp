#include "crypto/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "base/uuid.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

namespace fs = std::filesystem;

class FileKeyringTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oneclaw-keyring-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "keyring.json";
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string content() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text) const {
    std::ofstream(file_, std::ios::trunc) << text;
    fs::permissions(file_, fs::perms::owner_read | fs::perms::owner_write);
  }
  [[nodiscard]] std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
  }
  void expect_refused(std::string_view what) const {
    const std::string before = content();
    for (const bool create : {false, true}) {
      const auto keyring = open_file_keyring(file_, create);
      ASSERT_FALSE(keyring.ok()) << what;
      EXPECT_EQ(keyring.problem().status, 500) << what;
    }
    EXPECT_EQ(content(), before) << what;
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(FileKeyringTest, IsMadePrivateAndAlone) {
  ASSERT_TRUE(open_file_keyring(file_, true).ok());
  struct stat info {};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(FileKeyringTest, IsMadeOnlyWhenAsked) {
  const auto keyring = open_file_keyring(file_, false);
  ASSERT_FALSE(keyring.ok());
  EXPECT_EQ(keyring.problem().status, 500);
  EXPECT_EQ(files_in_folder(), 0U);
}

TEST_F(FileKeyringTest, UnwrapsAfterItIsOpenedAgain) {
  const Key256 key = Key256::random();
  const auto first = open_file_keyring(file_, true).value();
  const WrappedKey wrapped = first->wrap(key.view(), as_bytes("aad")).value();
  EXPECT_EQ(wrapped.root_key_id, first->status().active_root_key_id);

  const auto second = open_file_keyring(file_, true).value();
  EXPECT_EQ(second->status().active_root_key_id, first->status().active_root_key_id);
  const auto opened = second->unwrap(wrapped, as_bytes("aad"));
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(secure_equal(*opened, key.view()));
}

TEST_F(FileKeyringTest, ReportsItself) {
  const KeyringStatus status = open_file_keyring(file_, true).value()->status();
  EXPECT_EQ(status.provider, "file");
  EXPECT_TRUE(status.ready);
  EXPECT_TRUE(Uuid::parse(status.active_root_key_id));
  EXPECT_FALSE(status.detail.empty());
}

TEST_F(FileKeyringTest, RefusesToUnwrapWhatWasChanged) {
  const auto keyring = open_file_keyring(file_, true).value();
  const WrappedKey wrapped = keyring->wrap(Key256::random().view(), as_bytes("aad")).value();
  for (const std::string_view aad : {"", "aa", "aadx", "AAD"}) {
    const auto opened = keyring->unwrap(wrapped, as_bytes(aad));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.problem().code, "decryption-failed");
  }
  for (std::size_t i = 0; i < wrapped.blob.size(); ++i) {
    WrappedKey forged = wrapped;
    forged.blob[i] ^= 0x80;
    EXPECT_FALSE(keyring->unwrap(forged, as_bytes("aad")).ok()) << i;
  }
  EXPECT_TRUE(keyring->unwrap(wrapped, as_bytes("aad")).ok());
}

TEST_F(FileKeyringTest, SaysWhenTheRootKeyIsNotAtHand) {
  const auto keyring = open_file_keyring(file_, true).value();
  const auto other = open_file_keyring(folder_ / "other.json", true).value();
  const WrappedKey wrapped = other->wrap(Key256::random().view(), {}).value();
  const auto opened = keyring->unwrap(wrapped, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.problem().status, 503);
}

TEST_F(FileKeyringTest, RefusesAFileThatOthersMayReach) {
  ASSERT_TRUE(open_file_keyring(file_, true).ok());
  for (const mode_t mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0601U, 0644U, 0666U, 0777U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    expect_refused("mode " + std::to_string(mode));
  }
  for (const mode_t mode : {0600U, 0400U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    EXPECT_TRUE(open_file_keyring(file_, false).ok());
  }
}

TEST_F(FileKeyringTest, RefusesEveryTruncation) {
  ASSERT_TRUE(open_file_keyring(file_, true).ok());
  const std::string whole = content();
  ASSERT_TRUE(whole.ends_with("}\n"));
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {
    write(std::string_view(whole).substr(0, size));
    expect_refused("size " + std::to_string(size));
  }
  write(whole);
  EXPECT_TRUE(open_file_keyring(file_, false).ok());
}

TEST_F(FileKeyringTest, RefusesWhatIsMalformed) {
  const std::string id = "01890a5d-ac96-774b-bcce-b302099a8001";
  const std::string key = std::string(42, 'A') + "A";
  const auto entry = [](const std::string& an_id, const std::string& a_key) {
    return R"({"id":")" + an_id + R"(","key":")" + a_key + R"("})";
  };
  const auto file = [](const std::string& format, const std::string& active,
                       const std::string& keys) {
    return R"({"format":")" + format + R"(","active":")" + active + R"(","keys":)" + keys + "}";
  };
  const std::string format = "oneclaw-keyring-1";
  const std::string good = file(format, id, "[" + entry(id, key) + "]");
  write(good);
  ASSERT_TRUE(open_file_keyring(file_, false).ok());

  for (const std::string& bad :
       {std::string("null"),
        std::string("[]"),
        std::string("{}"),
        good + "x",
        good + good,
        good + '\0',
        std::string("\xff\xfe"),
        file("oneclaw-keyring-2", id, "[" + entry(id, key) + "]"),
        file(format, id, "[]"),
        file(format, id, "{}"),
        file(format, id, "[1]"),
        file(format, "", "[" + entry(id, key) + "]"),
        file(format, "01890a5d-ac96-774b-bcce-b302099a8002", "[" + entry(id, key) + "]"),
        file(format, id, "[" + entry(id, key) + "," + entry(id, key) + "]"),
        file(format, id, "[" + entry(id, key.substr(1)) + "]"),
        file(format, id, "[" + entry(id, key + "A") + "]"),
        file(format, id, "[" + entry(id, key.substr(1) + "B") + "]"),
        file(format, id, "[" + entry(id, key.substr(1) + "=") + "]"),
        file(format, id, "[" + entry(id, key.substr(1) + "+") + "]"),
        file(format, id, "[" + entry(id, "\u00e9" + key.substr(2)) + "]"),
        file(format, id, "[" + entry(id, "") + "]"),
        file(format, "x", "[" + entry("x", key) + "]"),
        file(format, id, R"([{"id":")" + id + R"("}])"),
        file(format, id, R"([{"key":")" + key + R"("}])"),
        good + std::string(64UL * 1024, ' ')}) {
    write(bad);
    expect_refused(bad.substr(0, 200));
  }
}

TEST_F(FileKeyringTest, RefusesWhatIsNoFile) {
  fs::create_directory(file_);
  fs::permissions(file_, fs::perms::owner_all);
  EXPECT_FALSE(open_file_keyring(file_, true).ok());
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(open_file_keyring(pipe, true).ok());  // and does not hang
  EXPECT_FALSE(open_file_keyring(folder_ / "missing" / "keyring.json", true).ok());
}

TEST_F(FileKeyringTest, NoProblemShowsAKey) {
  ASSERT_TRUE(open_file_keyring(file_, true).ok());
  const std::string whole = content();
  const std::string key = whole.substr(whole.find("\"key\": \"") + 8, 43);
  write(whole + "x");
  EXPECT_EQ(open_file_keyring(file_, false).problem().detail.find(key), std::string::npos);
}

// What a crash in the middle of creation leaves is a temporary file: it is never taken for the
// keyring, and never in the way of the next start.
TEST_F(FileKeyringTest, IsMadeBesideTheLeftoversOfACrash) {
  std::ofstream(folder_ / ".keyring.json.0011223344556677.tmp") << R"({"format": "onecl)";
  EXPECT_FALSE(open_file_keyring(file_, false).ok());
  ASSERT_TRUE(open_file_keyring(file_, true).ok());
  EXPECT_TRUE(open_file_keyring(file_, false).ok());
}

TEST_F(FileKeyringTest, StartsAtOnceAgreeOnOneKey) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> ids(4);
    std::vector<std::thread> threads;
    threads.reserve(ids.size());
    for (std::string& id : ids) {
      threads.emplace_back([this, &id] {
        const auto keyring = open_file_keyring(file_, true);
        if (keyring.ok()) id = (*keyring)->status().active_root_key_id;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1U);
    EXPECT_FALSE(ids[0].empty());
    EXPECT_EQ(files_in_folder(), 1U);
    fs::remove(file_);
  }
}

}  // namespace
}  // namespace oneclaw::crypto

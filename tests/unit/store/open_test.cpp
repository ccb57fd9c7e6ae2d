#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "fixture.h"
#include "store/migrations.h"

namespace oneclaw::store {
namespace {

constexpr std::chrono::milliseconds kShort{100};

class OpenTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "test.db"; }

  Result<std::unique_ptr<Store>> open() const {
    SqliteOptions options;
    options.file = file();
    options.busy_timeout = kShort;
    return open_sqlite(options);
  }
  void make_database(std::string_view sql) const {
    std::ofstream(file()).close();
    SqliteConnection(file(), kShort).execute(sql);
  }
  [[nodiscard]] std::string content() const {
    std::ifstream stream(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static unsigned mode(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }

  TemporaryFolder folder_;
};

TEST_F(OpenTest, AFreshDatabaseIsOfTheLatestSchemaAndPrivate) {
  const ::mode_t before = ::umask(0);
  auto store = open();
  ::umask(before);
  ASSERT_TRUE(store.ok()) << store.problem().detail;
  EXPECT_EQ(mode(file()), 0600U);
  EXPECT_EQ(mode(file().string() + "-wal"), 0600U);
  EXPECT_EQ(mode(file().string() + "-shm"), 0600U);

  SqliteConnection connection(file(), kShort);
  EXPECT_EQ(connection.query_integer("SELECT MAX(version) FROM schema_migrations"),
            latest_schema_version());
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM sqlite_master WHERE type = 'table' "
                                     "AND sql NOT LIKE '%STRICT%'"),
            0);
  EXPECT_EQ(connection.query_integer("PRAGMA application_id"), 0x31434C57);
  auto journal = connection.prepare("PRAGMA journal_mode");
  ASSERT_TRUE(journal.step());
  EXPECT_EQ(journal.text(0), "wal");
}

TEST_F(OpenTest, AnExistingFileIsNarrowed) {
  ASSERT_TRUE(open().ok());
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(mode(file()), 0600U);
}

TEST_F(OpenTest, OpeningAgainAppliesNothingTwice) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(open().ok());
  SqliteConnection connection(file(), kShort);
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM schema_migrations"),
            latest_schema_version());
}

TEST_F(OpenTest, ANewerSchemaIsRefused) {
  ASSERT_TRUE(open().ok());
  SqliteConnection(file(), kShort)
      .execute("INSERT INTO schema_migrations VALUES (" +
               std::to_string(latest_schema_version() + 1) + ", 0)");
  const auto store = open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.problem().status, 500);
  EXPECT_EQ(store.problem().code, "schema-too-new");
  EXPECT_NE(store.problem().detail.find(std::to_string(latest_schema_version() + 1)),
            std::string::npos);
}

TEST_F(OpenTest, ADatabaseOfAnotherProgramIsRefusedUntouched) {
  make_database("CREATE TABLE theirs (x)");
  const std::string before = content();
  const auto store = open();
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.problem().detail.find("not a oneclaw database"), std::string::npos);
  EXPECT_EQ(content(), before);
}

TEST_F(OpenTest, AnotherApplicationIdIsRefusedEvenWithoutTables) {
  make_database("PRAGMA application_id = 7");
  EXPECT_FALSE(open().ok());
}

TEST_F(OpenTest, AFileThatIsNoDatabaseIsRefusedUntouched) {
  std::ofstream(file()) << std::string(8192, 'x');
  EXPECT_FALSE(open().ok());
  EXPECT_EQ(content(), std::string(8192, 'x'));
}

TEST_F(OpenTest, AFolderThatIsAbsentIsAProblem) {
  SqliteOptions options;
  options.file = folder_.path() / "absent" / "test.db";
  const auto store = open_sqlite(options);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.problem().status, 500);
}

TEST_F(OpenTest, AMigrationThatFailsLeavesNothing) {
  make_database("CREATE TABLE server_keys (x)");  // the last table that migration 1 makes
  SqliteConnection connection(file(), kShort);
  EXPECT_FALSE(migrate(connection).ok());
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM sqlite_master WHERE name = 'orgs'"), 0);
  EXPECT_EQ(connection.query_integer("SELECT count(*) FROM schema_migrations"), 0);
}

}  // namespace
}  // namespace oneclaw::store

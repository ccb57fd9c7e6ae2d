#include <fstream>

#include "fixture.h"

namespace oneclaw::store {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : file_(folder_.path() / "test.db") {
    std::ofstream(file_).close();
    connection_ = std::make_unique<SqliteConnection>(file_, std::chrono::milliseconds(50));
    connection_->execute(
        "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"
        "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;"
        "CREATE TABLE things (i INTEGER, t TEXT UNIQUE, b BLOB CHECK (length(b) < 20), "
        "parent INTEGER REFERENCES parents (id)) STRICT");
  }

  Error::Kind kind_of_failure(std::string_view sql) {
    try {
      connection_->prepare(sql).run();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return Error::Kind::kOther;
  }

  TemporaryFolder folder_;
  std::filesystem::path file_;
  std::unique_ptr<SqliteConnection> connection_;
};

TEST_F(ConnectionTest, ValuesComeBackAsTheyWent) {
  const std::string text("a\0b\xC3\xA4", 5);
  const Bytes blob{0, 255, 1};
  connection_->prepare("INSERT INTO things (i, t, b) VALUES (?1, ?2, ?3)")
      .bind(1, std::numeric_limits<std::int64_t>::min())
      .bind(2, text)
      .bind(3, blob)
      .run();
  EXPECT_EQ(connection_->changes(), 1);
  auto query = connection_->prepare("SELECT i, t, b FROM things");
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(query.text(1), text);
  EXPECT_EQ(query.blob(2), blob);
  EXPECT_FALSE(query.step());
}

TEST_F(ConnectionTest, EmptyIsNotNull) {
  connection_->prepare("INSERT INTO things (i, t, b) VALUES (?1, ?2, ?3)")
      .bind(1, std::optional<std::int64_t>())
      .bind(2, std::string_view())
      .bind(3, ByteView())
      .run();
  auto query = connection_->prepare("SELECT i, t, b FROM things");
  ASSERT_TRUE(query.step());
  EXPECT_TRUE(query.is_null(0));
  EXPECT_EQ(query.optional_integer(0), std::nullopt);
  EXPECT_FALSE(query.is_null(1));
  EXPECT_FALSE(query.is_null(2));
  EXPECT_EQ(query.text(1), "");
  EXPECT_TRUE(query.blob(2).empty());
}

TEST_F(ConnectionTest, BindingsDoNotOutliveTheLoan) {
  constexpr std::string_view kInsert = "INSERT INTO things (i, t) VALUES (?1, ?2)";
  connection_->prepare(kInsert).bind(1, 1).bind(2, "a").run();
  connection_->prepare(kInsert).bind(1, 2).run();
  auto query = connection_->prepare("SELECT t FROM things WHERE i = 2");
  ASSERT_TRUE(query.step());
  EXPECT_TRUE(query.is_null(0));
}

TEST_F(ConnectionTest, AStatementOnLoanIsNotLentAgain) {
  auto query = connection_->prepare("SELECT 1");
  EXPECT_THROW(connection_->prepare("SELECT 1"), Error);
}

TEST_F(ConnectionTest, AnIdOfAnotherLengthIsAnError) {
  auto query = connection_->prepare("SELECT x'00112233445566778899aabbccddee'");
  ASSERT_TRUE(query.step());
  EXPECT_THROW(static_cast<void>(query.uuid(0)), Error);
}

TEST_F(ConnectionTest, ErrorsHaveTheirKinds) {
  connection_->execute("INSERT INTO things (t) VALUES ('a'); INSERT INTO parents VALUES (1)");
  EXPECT_EQ(kind_of_failure("INSERT INTO things (t) VALUES ('a')"), Error::Kind::kUnique);
  EXPECT_EQ(kind_of_failure("INSERT INTO parents VALUES (1)"), Error::Kind::kUnique);
  EXPECT_EQ(kind_of_failure("INSERT INTO things (parent) VALUES (2)"), Error::Kind::kConstraint);
  EXPECT_EQ(kind_of_failure("INSERT INTO things (b) VALUES (zeroblob(20))"),
            Error::Kind::kConstraint);
  EXPECT_EQ(kind_of_failure("INSERT INTO things (i) VALUES ('x')"), Error::Kind::kConstraint);
  EXPECT_EQ(kind_of_failure("no sql"), Error::Kind::kOther);
  connection_->execute("PRAGMA query_only = ON");
  EXPECT_EQ(kind_of_failure("INSERT INTO parents VALUES (3)"), Error::Kind::kUnavailable);
  connection_->execute("PRAGMA query_only = OFF");
  SqliteConnection other(file_, std::chrono::milliseconds(0));
  other.execute("BEGIN IMMEDIATE");
  EXPECT_EQ(kind_of_failure("INSERT INTO parents VALUES (3)"), Error::Kind::kBusy);
}

TEST_F(ConnectionTest, AnErrorHoldsNoBoundValue) {
  for (const char* column : {"i", "t", "b"}) {
    const std::string insert = "INSERT INTO things (" + std::string(column) + ") VALUES (?1), (?1)";
    try {
      connection_->prepare(insert).bind(1, "hunter2-hunter2-hunter2").run();
      ADD_FAILURE() << column;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos) << error.what();
    }
  }
}

TEST_F(ConnectionTest, DoubleQuotesAreNamesOnly) {
  EXPECT_EQ(kind_of_failure("SELECT \"text\" FROM things"), Error::Kind::kOther);
}

}  // namespace
}  // namespace oneclaw::store

// A store in a folder of its own, and the rows that others hang on.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/pg_store.h"
#include "store/sqlite_connection.h"
#include "store/store.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "oneclaw-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Uuid uuid(std::uint8_t last) {
  Uuid id;
  id.bytes[15] = last;
  return id;
}

/// The URL of a database of this process alone, when the tests are to run on PostgreSQL:
/// ONECLAW_TEST_POSTGRES names one in whose cluster it can be made. Empty otherwise.
inline const std::string& postgres_url() {
  static const std::string made = [] {
    const char* admin = std::getenv("ONECLAW_TEST_POSTGRES");
    if (admin == nullptr) return std::string();
    const std::string name = "unit_" + Uuid::v4().to_string().substr(0, 8);
    PgConnection(admin, {}).execute("CREATE DATABASE " + name);
    const std::string url = admin;
    return url.substr(0, url.rfind('/') + 1) + name;
  }();
  return made;
}

/// Leaves the tables, and nothing in them.
inline void empty_postgres() {
  PgConnection connection(postgres_url(), {});
  std::string tables;
  {
    auto query = connection.prepare(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' "
        "AND tablename <> 'schema_migrations'");
    while (query.step()) tables += (tables.empty() ? "" : ", ") + query.text(0);
  }
  if (!tables.empty()) connection.execute("TRUNCATE " + tables);
}

/// For tests of what only SQLite does.
#define SQLITE_ONLY() \
  if (!postgres_url().empty()) GTEST_SKIP() << "about SQLite"

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!postgres_url().empty()) empty_postgres();
    options_.file = folder_.path() / "oneclaw.db";
    options_.on_failure = [this](std::string_view text) {
      const std::lock_guard lock(failures_mutex_);
      failures_.emplace_back(text);
    };
    open();
  }

  void open() {
    auto opened = postgres_url().empty() ? open_sqlite(options_) : open_postgres(pg_options());
    ASSERT_TRUE(opened.ok()) << opened.problem().detail;
    store_ = std::move(opened).value();
  }

  [[nodiscard]] PgOptions pg_options() const {
    PgOptions options;
    options.url = postgres_url();
    options.most_queued_writes = options_.most_queued_writes;
    options.most_queued_reads = options_.most_queued_reads;
    options.longest_wait = options_.longest_wait;
    options.on_failure = options_.on_failure;
    options.row_seal = options_.row_seal;
    return options;
  }

  template <class T>
  T run(boost::asio::awaitable<T> call) {
    std::optional<T> result;
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, keep_result(std::move(call), result),
                                      boost::asio::use_future);
    context.run();
    done.get();
    return std::move(*result);
  }
  template <class F>
  auto read(F f) {
    return run(store_->read(std::move(f)));
  }
  template <class F>
  auto write(F f) {
    return run(store_->write(std::move(f)));
  }
  /// A write that must be kept.
  template <class F>
  void change(F f) {
    const auto result = write([&](Transaction& transaction) -> Result<void> {
      f(transaction);
      return {};
    });
    ASSERT_TRUE(result.ok()) << result.problem().detail;
  }
  /// A read's answer, given as it is.
  template <class F>
  auto ask(F f) {
    using T = std::invoke_result_t<F&, Transaction&>;
    auto result = read([&](Transaction& transaction) -> Result<T> { return f(transaction); });
    if (!result.ok()) throw std::runtime_error(result.problem().detail);
    return std::move(result).value();
  }

  /// Org 1 and its owner, user 1.
  void add_org_and_user() {
    change([](Transaction& transaction) {
      UserRepository users(transaction);
      users.insert_org({.id = uuid(1), .name = "org", .created_at = from_micros(1)});
      users.insert({.id = uuid(1),
                    .email = "one@example.com",
                    .display_name = "One",
                    .home_org_id = uuid(1),
                    .created_at = from_micros(1)});
      users.insert_membership({uuid(1), uuid(1), "owner", from_micros(1)});
    });
  }
  void add_vault(const Uuid& id, const std::string& name) {
    change([&](Transaction& transaction) {
      VaultRepository(transaction)
          .insert({.id = id,
                   .org_id = uuid(1),
                   .name = name,
                   .created_by = uuid(1),
                   .created_by_type = "user",
                   .created_at = from_micros(2)});
    });
  }

  /// co_spawn wants a result that can be made of nothing, which a Result<T> can't.
  template <class T>
  static boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> call,
                                                  std::optional<T>& result) {
    result.emplace(co_await std::move(call));
  }

  TemporaryFolder folder_;
  SqliteOptions options_;
  std::mutex failures_mutex_;
  std::vector<std::string> failures_;
  std::unique_ptr<Store> store_;
};

}  // namespace oneclaw::store

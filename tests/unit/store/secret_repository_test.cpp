#include "store/secret_repository.h"

#include <atomic>
#include <future>
#include <thread>

#include "fixture.h"

namespace oneclaw::store {
namespace {

namespace asio = boost::asio;

class SecretTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add_org_and_user();
    add_vault(uuid(1), "a");
    add_vault(uuid(2), "b");
  }

  static void put(Transaction& transaction, const Uuid& vault, const std::string& path) {
    SecretRepository secrets(transaction);
    const Uuid id = Uuid::v7();
    secrets.insert({.id = id,
                    .vault_id = vault,
                    .path = path,
                    .created_at = from_micros(1),
                    .updated_at = from_micros(1)});
    secrets.insert_version(version(id, 1));
  }
  static VersionRow version(const Uuid& secret, std::int64_t number) {
    return {.secret_id = secret,
            .version = number,
            .type = "generic",
            .metadata = "{\"n\":" + std::to_string(number) + "}",
            .created_by = uuid(1),
            .created_by_type = "user",
            .created_at = from_micros(number),
            .kek_version = 3,
            .wrapped_dek = Bytes(60, 1),
            .ciphertext = Bytes(100, 2)};
  }
  std::vector<std::string> list(const std::string& prefix, const std::string& after = "",
                                std::int64_t limit = 1000) {
    return ask([&](Transaction& transaction) {
      std::vector<std::string> paths;
      for (const auto& item : SecretRepository(transaction).list(uuid(1), prefix, after, limit)) {
        paths.push_back(item.secret.path);
      }
      return paths;
    });
  }
  using Paths = std::vector<std::string>;
};

TEST_F(SecretTest, TheListIsInByteOrderOfThePath) {
  const Paths sorted{"A",  "a",  "a b",      "a-b",          "a/b",
                     "a0", "ab", "\xC3\xA4", "\xEF\xBF\xBD", "\xF0\x9F\x94\x91"};
  change([&](Transaction& transaction) {
    for (auto path = sorted.rbegin(); path != sorted.rend(); ++path) {
      put(transaction, uuid(1), *path);
    }
    put(transaction, uuid(2), "elsewhere");
  });
  EXPECT_EQ(list(""), sorted);
}

TEST_F(SecretTest, APrefixIsOfBytesAndMayEndInASegment) {
  change([](Transaction& transaction) {
    for (const char* path :
         {"prod", "prod/", "prod/a", "prod/a/b", "prod0", "produce", "prod\xC3\xA4", "Prod/a",
          "\x7F"
          "a",
          "\xC2\x80", "\xC3\xBF/x", "\xC4\x80", "\xF4\x8F\xBF\xBF/last", "%x", "_x", "xx"}) {
      put(transaction, uuid(1), path);
    }
  });
  EXPECT_EQ(list("prod/"), (Paths{"prod/", "prod/a", "prod/a/b"}));
  EXPECT_EQ(list("prod/a"), (Paths{"prod/a", "prod/a/b"}));
  EXPECT_EQ(list("prod"),
            (Paths{"prod", "prod/", "prod/a", "prod/a/b", "prod0", "produce", "prod\xC3\xA4"}));
  EXPECT_EQ(list("\x7F"), Paths{"\x7F"
                                "a"});
  EXPECT_EQ(list("\xC3\xBF"), Paths{"\xC3\xBF/x"});
  EXPECT_EQ(list("\xF4\x8F\xBF\xBF"), Paths{"\xF4\x8F\xBF\xBF/last"});
  EXPECT_EQ(list("%"), Paths{"%x"});  // no wildcards
  EXPECT_EQ(list("_"), Paths{"_x"});
  EXPECT_TRUE(list("nothing").empty());
}

TEST_F(SecretTest, PagesJoinWithoutGapOrRepeat) {
  change([](Transaction& transaction) {
    for (char c = 'a'; c <= 'g'; ++c) put(transaction, uuid(1), std::string("p/") + c);
    put(transaction, uuid(1), "o");
    put(transaction, uuid(1), "q");
  });
  EXPECT_EQ(list("p/", "", 3), (Paths{"p/a", "p/b", "p/c"}));
  EXPECT_EQ(list("p/", "p/c", 3), (Paths{"p/d", "p/e", "p/f"}));
  EXPECT_EQ(list("p/", "p/f", 3), Paths{"p/g"});
  EXPECT_TRUE(list("p/", "p/g", 3).empty());
  EXPECT_EQ(list("p/", "p/bb", 1), Paths{"p/c"});  // a key that is gone by now
  EXPECT_EQ(list("p/", "a", 1), Paths{"p/a"});     // before the prefix
  EXPECT_TRUE(list("p/", "z", 3).empty());         // after it
  EXPECT_EQ(list("", "p/f", 9), (Paths{"p/g", "q"}));
  EXPECT_TRUE(list("p/", "", 0).empty());
}

TEST_F(SecretTest, TheListHasTheCurrentVersionWithoutItsCiphertext) {
  change([](Transaction& transaction) {
    put(transaction, uuid(1), "x");
    SecretRepository secrets(transaction);
    const Uuid id = secrets.find(uuid(1), "x")->id;
    secrets.advance(secrets.find_by_id(id).value(), 2, from_micros(9));
    secrets.insert_version(version(id, 2));
    const auto listed = secrets.list(uuid(1), "", "", 10);
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].secret.id, id);
    EXPECT_EQ(listed[0].secret.current_version, 2);
    EXPECT_EQ(listed[0].secret.updated_at, from_micros(9));
    EXPECT_EQ(listed[0].version.secret_id, id);
    EXPECT_EQ(listed[0].version.version, 2);
    EXPECT_EQ(listed[0].version.metadata, "{\"n\":2}");
    EXPECT_TRUE(listed[0].version.ciphertext.empty());
    EXPECT_TRUE(listed[0].version.wrapped_dek.empty());
  });
}

TEST_F(SecretTest, TheListWalksTheIndex) {
  SQLITE_ONLY();
  change([](Transaction& transaction) {
    auto plan = transaction.connection().prepare(
        "EXPLAIN QUERY PLAN SELECT s.path FROM secrets s JOIN secret_versions v "
        "ON v.secret_id = s.id AND v.version = s.current_version "
        "WHERE s.vault_id = ?1 AND s.deleted_at IS NULL AND s.path > ?2 AND s.path < ?4 "
        "ORDER BY s.path LIMIT ?3");
    std::string text;
    while (plan.step()) text += plan.text(3) + "\n";
    EXPECT_NE(text.find("(vault_id=? AND path>? AND path<?)"), std::string::npos) << text;
    EXPECT_EQ(text.find("SCAN"), std::string::npos) << text;
    EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << text;
  });
}

TEST_F(SecretTest, ADeletedSecretIsFoundButNotListedUntilItsNextVersion) {
  change([](Transaction& transaction) {
    put(transaction, uuid(1), "x");
    SecretRepository secrets(transaction);
    const Uuid id = secrets.find(uuid(1), "x")->id;
    EXPECT_EQ(secrets.find(uuid(2), "x"), std::nullopt);
    EXPECT_EQ(secrets.find(uuid(1), "X"), std::nullopt);
    EXPECT_TRUE(secrets.remove(id, from_micros(5)));
    EXPECT_FALSE(secrets.remove(id, from_micros(6)));
    EXPECT_EQ(secrets.find(uuid(1), "x")->deleted_at, from_micros(5));
    EXPECT_TRUE(secrets.list(uuid(1), "", "", 10).empty());
    secrets.advance(secrets.find_by_id(id).value(), 2, from_micros(7));
    secrets.insert_version(version(id, 2));
    EXPECT_EQ(secrets.find(uuid(1), "x")->deleted_at, std::nullopt);
    EXPECT_EQ(secrets.list(uuid(1), "", "", 10).size(), 1U);
  });
}

TEST_F(SecretTest, APathIsUniqueInItsVault) {
  change([](Transaction& transaction) {
    put(transaction, uuid(1), "x");
    put(transaction, uuid(2), "x");
  });
  const auto again = write([](Transaction& transaction) -> Result<void> {
    put(transaction, uuid(1), "x");
    return {};
  });
  EXPECT_EQ(again.problem().status, 409);
}

TEST_F(SecretTest, VersionsComeBackWholeAndNewestFirst) {
  change([](Transaction& transaction) {
    put(transaction, uuid(1), "x");
    SecretRepository secrets(transaction);
    const Uuid id = secrets.find(uuid(1), "x")->id;
    for (std::int64_t i = 2; i <= 11; ++i) secrets.insert_version(version(id, i));
    VersionRow limited = version(id, 12);
    limited.expires_at = from_micros(50);
    limited.max_access_count = 4;
    limited.access_count = 1;
    limited.is_disabled = true;
    secrets.insert_version(limited);

    const auto found = secrets.find_version(id, 12);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->type, "generic");
    EXPECT_EQ(found->expires_at, from_micros(50));
    EXPECT_EQ(found->max_access_count, 4);
    EXPECT_EQ(found->access_count, 1);
    EXPECT_TRUE(found->is_disabled);
    EXPECT_EQ(found->kek_version, 3);
    EXPECT_EQ(found->wrapped_dek, Bytes(60, 1));
    EXPECT_EQ(found->ciphertext, Bytes(100, 2));
    EXPECT_EQ(secrets.find_version(id, 13), std::nullopt);

    const auto page = secrets.list_versions(id, 3);
    ASSERT_EQ(page.size(), 3U);
    EXPECT_EQ(page[0].version, 12);
    EXPECT_EQ(page[2].version, 10);
    EXPECT_TRUE(page[0].ciphertext.empty());
    const auto rest = secrets.list_versions(id, 100, 10);
    ASSERT_EQ(rest.size(), 9U);
    EXPECT_EQ(rest[0].version, 9);
    EXPECT_EQ(rest[8].version, 1);
  });
}

asio::awaitable<void> read_until_refused(Store& store, Uuid secret, std::atomic<int>& allowed) {
  for (int i = 0; i < 10; ++i) {
    auto work = [&secret](Transaction& transaction) -> Result<void> {
      if (SecretRepository(transaction).count_access(secret, 1)) return {};
      return problems::gone("used up");
    };
    const Result<void> counted = co_await store.write(work);
    if (counted.ok()) ++allowed;
  }
}

TEST_F(SecretTest, AnAccessLimitIsExactUnderConcurrency) {
  constexpr int kLimit = 100;
  const Uuid id = uuid(50);
  change([&](Transaction& transaction) {
    SecretRepository secrets(transaction);
    secrets.insert({.id = id, .vault_id = uuid(1), .path = "limited"});
    VersionRow limited = version(id, 1);
    limited.max_access_count = kLimit;
    secrets.insert_version(limited);
  });
  asio::io_context context;
  std::atomic<int> allowed = 0;
  std::vector<std::future<void>> futures;
  for (int i = 0; i < 64; ++i) {
    futures.push_back(
        asio::co_spawn(context, read_until_refused(*store_, id, allowed), asio::use_future));
  }
  std::thread other([&] { context.run(); });
  context.run();
  other.join();
  for (auto& future : futures) future.get();
  EXPECT_EQ(allowed, kLimit);
  const auto count = ask([&](Transaction& transaction) {
    return SecretRepository(transaction).find_version(id, 1)->access_count;
  });
  EXPECT_EQ(count, kLimit);
}

TEST_F(SecretTest, AnAccessWithoutALimitIsCounted) {
  change([](Transaction& transaction) {
    put(transaction, uuid(1), "x");
    SecretRepository secrets(transaction);
    const Uuid id = secrets.find(uuid(1), "x")->id;
    EXPECT_TRUE(secrets.count_access(id, 1));
    EXPECT_FALSE(secrets.count_access(id, 2));
    EXPECT_EQ(secrets.find_version(id, 1)->access_count, 1);
  });
}

}  // namespace
}  // namespace oneclaw::store

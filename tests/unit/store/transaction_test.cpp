#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "fixture.h"
#include "store/audit_repository.h"

namespace oneclaw::store {
namespace {

namespace asio = boost::asio;

void insert_org(Transaction& transaction, std::uint8_t number) {
  UserRepository(transaction)
      .insert_org({.id = uuid(number), .name = "org", .created_at = from_micros(1)});
}

std::int64_t count_orgs(Transaction& transaction) {
  auto query = transaction.connection().prepare("SELECT count(*) FROM orgs");
  query.step();
  return query.integer(0);
}

class TransactionTest : public StoreTest {
 protected:
  using Work = std::function<Result<void>(Transaction&)>;

  void reopen(SqliteOptions options) {
    store_.reset();
    options_ = std::move(options);
    open();
  }
  std::int64_t orgs() { return ask(count_orgs); }

  /// Holds the writer in a transaction of its own until all of `works` are queued behind it (or
  /// refused), waits `hold`, lets go, and gives each one's result.
  std::vector<Result<void>> run_as_batch(std::vector<Work> works,
                                         std::chrono::milliseconds hold = {}) {
    asio::io_context context;
    std::promise<void> begun;
    std::promise<void> let_go;
    auto released = let_go.get_future();
    auto blocker = [&](Transaction&) -> Result<void> {
      begun.set_value();
      released.wait();
      return {};
    };
    auto blocked = asio::co_spawn(context, store_->write(blocker), asio::use_future);
    context.poll();
    begun.get_future().wait();
    std::vector<std::future<Result<void>>> futures;
    for (Work& work : works) {
      futures.push_back(asio::co_spawn(context, store_->write(work), asio::use_future));
    }
    context.poll();
    std::this_thread::sleep_for(hold);
    let_go.set_value();
    context.run();
    EXPECT_TRUE(blocked.get().ok());
    std::vector<Result<void>> results;
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }
};

Result<void> keep(Transaction& transaction, std::uint8_t number) {
  insert_org(transaction, number);
  return {};
}

TEST_F(TransactionTest, AWriteIsKeptAndGivesItsValue) {
  const auto result = write([](Transaction& transaction) -> Result<int> {
    insert_org(transaction, 1);
    return 7;
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(orgs(), 1);
}

TEST_F(TransactionTest, AProblemRollsBack) {
  const auto result = write([](Transaction& transaction) -> Result<void> {
    insert_org(transaction, 1);
    return problems::gone("gone");
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problem().status, 410);
  EXPECT_EQ(orgs(), 0);
}

TEST_F(TransactionTest, AUniqueViolationIsAConflictThatIsNotLogged) {
  change([](Transaction& transaction) { insert_org(transaction, 1); });
  const auto result = write([](Transaction& transaction) -> Result<void> {
    insert_org(transaction, 2);
    insert_org(transaction, 1);
    return {};
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problem().status, 409);
  EXPECT_EQ(orgs(), 1);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(TransactionTest, OtherFailuresAre500AndLogged) {
  const auto constraint = write([](Transaction& transaction) -> Result<void> {
    UserRepository(transaction).insert_membership({uuid(8), uuid(9), "owner", from_micros(1)});
    return {};
  });
  ASSERT_FALSE(constraint.ok());
  EXPECT_EQ(constraint.problem().status, 500);
  const auto thrown =
      write([](Transaction&) -> Result<void> { throw std::runtime_error("hunter2"); });
  ASSERT_FALSE(thrown.ok());
  EXPECT_EQ(thrown.problem().status, 500);
  ASSERT_EQ(failures_.size(), 2U);
  EXPECT_EQ(failures_[1].find("hunter2"), std::string::npos);
}

TEST_F(TransactionTest, OneJobsRollbackLeavesTheOthersInItsBatch) {
  const auto results = run_as_batch({
      [](Transaction& transaction) { return keep(transaction, 1); },
      [](Transaction& transaction) -> Result<void> {
        insert_org(transaction, 2);
        return problems::forbidden("no");
      },
      [](Transaction& transaction) -> Result<void> {
        insert_org(transaction, 3);
        insert_org(transaction, 1);  // taken by the first
        return {};
      },
      [](Transaction& transaction) -> Result<void> {
        insert_org(transaction, 4);
        throw std::logic_error("x");
      },
      [](Transaction& transaction) -> Result<void> {
        EXPECT_EQ(count_orgs(transaction), 1);
        return keep(transaction, 5);
      },
  });
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1].problem().status, 403);
  EXPECT_EQ(results[2].problem().status, 409);
  EXPECT_EQ(results[3].problem().status, 500);
  EXPECT_TRUE(results[4].ok());
  EXPECT_EQ(orgs(), 2);
}

Result<void> append(Transaction& transaction, std::uint8_t number) {
  AuditRepository audit(transaction);
  domain::AuditEvent event;
  event.id = uuid(number);
  event.org_id = uuid(1);
  domain::ChainHead head = audit.head(event.org_id);
  domain::link(head, event);
  audit.append(event);
  return {};
}

TEST_F(TransactionTest, AChainHasNoGapWhereAJobWasRolledBack) {
  const std::vector<Work> works{
      [](Transaction& transaction) { return append(transaction, 1); },
      [](Transaction& transaction) -> Result<void> {
        CHECK_OK(append(transaction, 2));
        CHECK_OK(append(transaction, 3));
        return problems::forbidden("no");
      },
      [](Transaction& transaction) -> Result<void> {
        CHECK_OK(append(transaction, 4));
        insert_org(transaction, 1);
        insert_org(transaction, 1);
        return {};
      },
      [](Transaction& transaction) { return append(transaction, 5); },
  };
  const auto check = [&](std::int64_t events) {
    domain::ChainVerifier verifier;
    ask([&](Transaction& transaction) {
      AuditRepository audit(transaction);
      for (const auto& event : audit.walk(uuid(1), 0, 100)) EXPECT_TRUE(verifier.accept(event));
      EXPECT_EQ(verifier.verified(), events);
      EXPECT_EQ(audit.head(uuid(1)).hash, verifier.head().hash);
      EXPECT_EQ(audit.head(uuid(1)).sequence, events);
      return 0;
    });
  };
  const auto results = run_as_batch(works);
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1].problem().status, 403);
  EXPECT_EQ(results[2].problem().status, 409);
  EXPECT_TRUE(results[3].ok());
  EXPECT_TRUE(failures_.empty());
  check(2);
  // A lone job that is rolled back, and then the head from memory and from the file.
  EXPECT_FALSE(write(works[1]).ok());
  EXPECT_TRUE(write([](Transaction& transaction) { return append(transaction, 6); }).ok());
  check(3);
  reopen(options_);
  EXPECT_TRUE(write([](Transaction& transaction) { return append(transaction, 7); }).ok());
  check(4);
}

TEST_F(TransactionTest, AFailureInABatchIsToldOnce) {
  const auto results = run_as_batch({
      [](Transaction& transaction) -> Result<void> {
        insert_org(transaction, 1);
        throw std::logic_error("x");
      },
      [](Transaction& transaction) { return keep(transaction, 2); },
  });
  EXPECT_EQ(results[0].problem().status, 500);
  EXPECT_TRUE(results[1].ok());
  EXPECT_EQ(failures_.size(), 1U);
}

TEST_F(TransactionTest, TheLogIsCheckpointedBesideTheWriter) {
  if (!postgres_url().empty()) GTEST_SKIP() << "SQLite's own";
  const std::string text(100'000, 'x');
  for (std::uint8_t i = 0; i < 200; ++i) {
    change([&](Transaction& transaction) {
      UserRepository(transaction)
          .insert_org({.id = uuid(i), .name = text, .created_at = from_micros(1)});
    });
  }
  // 20 MB went through the log: about all of it is in the file while the store is open.
  const auto wait_until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::filesystem::file_size(options_.file) < 15'000'000 &&
         std::chrono::steady_clock::now() < wait_until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(std::filesystem::file_size(options_.file), 15'000'000U);
  for (int i = 0; i < 3; ++i) {
    change([&](Transaction& transaction) {
      transaction.connection().prepare("UPDATE orgs SET name = ?1").bind(1, text).run();
    });
  }
  EXPECT_LT(std::filesystem::file_size(options_.file.string() + "-wal"), 80'000'000U);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(TransactionTest, ACommitThatFailsFailsItsWholeBatch) {
  SQLITE_ONLY();
  const auto results = run_as_batch({
      [](Transaction& transaction) { return keep(transaction, 1); },
      [](Transaction& transaction) -> Result<void> {
        transaction.connection().execute("PRAGMA defer_foreign_keys = ON");
        UserRepository(transaction).insert_membership({uuid(8), uuid(9), "owner", from_micros(1)});
        return {};
      },
      [](Transaction&) -> Result<void> { return problems::forbidden("no"); },
  });
  for (const auto& result : results) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.problem().status, 503);
    EXPECT_TRUE(result.problem().retry_after_seconds.has_value());
  }
  EXPECT_EQ(orgs(), 0);
  change([](Transaction& transaction) { insert_org(transaction, 1); });
  EXPECT_EQ(orgs(), 1);
}

TEST_F(TransactionTest, ATransactionThatIsLostFailsItsWholeBatch) {
  SQLITE_ONLY();
  const Work lose = [](Transaction& transaction) -> Result<void> {
    insert_org(transaction, 2);
    transaction.connection().execute("ROLLBACK");
    return {};
  };
  const auto results =
      run_as_batch({[](Transaction& transaction) { return keep(transaction, 1); }, lose});
  for (const auto& result : results) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.problem().status, 503);
  }
  EXPECT_EQ(write(lose).problem().status, 503);
  EXPECT_EQ(orgs(), 0);
  EXPECT_TRUE(write([](Transaction& transaction) { return keep(transaction, 1); }).ok());
}

TEST_F(TransactionTest, AFullDiskIs503AndPasses) {
  SQLITE_ONLY();
  const auto full = write([](Transaction& transaction) -> Result<void> {
    transaction.connection().execute("PRAGMA max_page_count = 1");  // SQLite makes it the size
    for (int i = 0; i < 1000; ++i) {
      UserRepository(transaction)
          .insert_org({.id = Uuid::v4(), .name = std::string(1000, 'x'), .created_at = {}});
    }
    return {};
  });
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.problem().status, 503);
  const auto freed = write([](Transaction& transaction) -> Result<void> {
    transaction.connection().execute("PRAGMA max_page_count = 1000000");
    return keep(transaction, 1);
  });
  EXPECT_TRUE(freed.ok());
  EXPECT_EQ(orgs(), 1);
}

TEST_F(TransactionTest, AFullQueueIs503WithRetryAfter) {
  options_.most_queued_writes = 2;
  reopen(options_);
  std::vector<Work> works;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    works.emplace_back([i](Transaction& transaction) { return keep(transaction, i); });
  }
  const auto results = run_as_batch(works);
  EXPECT_TRUE(results[0].ok());
  EXPECT_TRUE(results[1].ok());
  ASSERT_FALSE(results[2].ok());
  EXPECT_EQ(results[2].problem().status, 503);
  EXPECT_EQ(results[2].problem().retry_after_seconds, 1);
  EXPECT_EQ(orgs(), 2);
}

TEST_F(TransactionTest, AJobThatHasWaitedTooLongIs503AndDoesNotRun) {
  options_.longest_wait = std::chrono::milliseconds(20);
  reopen(options_);
  const auto results = run_as_batch({[](Transaction& transaction) { return keep(transaction, 1); }},
                                    std::chrono::milliseconds(60));
  ASSERT_FALSE(results[0].ok());
  EXPECT_EQ(results[0].problem().status, 503);
  EXPECT_EQ(orgs(), 0);
}

TEST_F(TransactionTest, ADatabaseThatSomeoneElseHoldsIs503) {
  SQLITE_ONLY();
  options_.busy_timeout = std::chrono::milliseconds(20);
  reopen(options_);
  SqliteConnection other(options_.file, std::chrono::milliseconds(0));
  other.execute("BEGIN IMMEDIATE");
  const auto held = write([](Transaction& transaction) { return keep(transaction, 1); });
  ASSERT_FALSE(held.ok());
  EXPECT_EQ(held.problem().status, 503);
  other.execute("ROLLBACK");
  EXPECT_TRUE(write([](Transaction& transaction) { return keep(transaction, 1); }).ok());
}

TEST_F(TransactionTest, AReadCannotWrite) {
  const auto result = read([](Transaction& transaction) { return keep(transaction, 1); });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(orgs(), 0);
}

TEST_F(TransactionTest, AReadSeesOneSnapshot) {
  std::promise<void> first_read;
  std::promise<void> written;
  std::thread reader([&] {
    const auto counts =
        read([&](Transaction& transaction) -> Result<std::pair<std::int64_t, std::int64_t>> {
          const std::int64_t before = count_orgs(transaction);
          first_read.set_value();
          written.get_future().wait();
          return std::pair(before, count_orgs(transaction));
        });
    ASSERT_TRUE(counts.ok());
    EXPECT_EQ(*counts, std::pair(std::int64_t{0}, std::int64_t{0}));
  });
  first_read.get_future().wait();
  change([](Transaction& transaction) { insert_org(transaction, 1); });
  EXPECT_EQ(orgs(), 1);  // another reader sees it meanwhile
  written.set_value();
  reader.join();
  EXPECT_EQ(orgs(), 1);
}

asio::awaitable<void> write_many(Store& store, std::atomic<int>& kept, std::thread::id home) {
  for (int i = 0; i < 20; ++i) {
    auto work = [](Transaction& transaction) -> Result<void> {
      UserRepository(transaction)
          .insert_org({.id = Uuid::v4(), .name = "org", .created_at = from_micros(1)});
      return {};
    };
    const Result<void> result = co_await store.write(work);
    EXPECT_EQ(std::this_thread::get_id(), home);
    if (result.ok()) ++kept;
  }
}

TEST_F(TransactionTest, ManyCoroutinesShareCommitsAndResumeAtHome) {
  asio::io_context context;
  std::atomic<int> kept = 0;
  std::vector<std::future<void>> futures;
  for (int i = 0; i < 64; ++i) {
    futures.push_back(asio::co_spawn(context, write_many(*store_, kept, std::this_thread::get_id()),
                                     asio::use_future));
  }
  context.run();  // returns only when all are done: a waiting write is outstanding work
  for (auto& future : futures) future.get();
  EXPECT_EQ(kept, 64 * 20);
  EXPECT_EQ(orgs(), 64 * 20);
}

TEST_F(TransactionTest, ClosingTheStoreFinishesWhatIsQueued) {
  asio::io_context context;
  std::vector<std::future<Result<void>>> futures;
  for (std::uint8_t i = 1; i <= 50; ++i) {
    auto work = [i](Transaction& transaction) { return keep(transaction, i); };
    futures.push_back(asio::co_spawn(context, store_->write(work), asio::use_future));
  }
  context.poll();
  store_.reset();
  context.run();
  for (auto& future : futures) EXPECT_TRUE(future.get().ok());
  open();
  EXPECT_EQ(orgs(), 50);
}

}  // namespace
}  // namespace oneclaw::store

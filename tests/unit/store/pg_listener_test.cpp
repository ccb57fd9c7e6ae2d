#include "store/pg_listener.h"

#include <array>
#include <atomic>
#include <thread>

#include "fixture.h"
#include "store/secret_repository.h"

namespace oneclaw::store {
namespace {

using std::chrono::milliseconds;

/// What such a batch would send.
std::string statement_of(std::vector<Change> changes, bool all_changed = false) {
  return notify_statement({.changes = std::move(changes), .all_changed = all_changed});
}

std::vector<std::string> notices_in(const std::string& statement) {
  std::vector<std::string> notices;
  for (std::size_t at = statement.find(", '"); at != std::string::npos;
       at = statement.find(", '", at)) {
    at += 3;
    notices.push_back(statement.substr(at, statement.find('\'', at) - at));
  }
  return notices;
}

std::string only_notice_in(const std::string& statement) {
  const auto notices = notices_in(statement);
  EXPECT_EQ(notices.size(), 1U);
  return notices.at(0);
}

TEST(NoticeTest, CarriesTheChanges) {
  ChangeClock clock;
  const auto mark = clock.now();
  const std::vector<Change> changes{{Topic::kVault, uuid(1)}, {Topic::kSecret, uuid(2)}};
  apply_notice(only_notice_in(statement_of(changes)), clock);
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kVault, uuid(1)));
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kSecret, uuid(2)));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kSecret, uuid(1)));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kUser, uuid(2)));
}

TEST(NoticeTest, ManyChangesTakeSeveralNotices) {
  std::vector<Change> changes(1600, Change{Topic::kOrg, uuid(1)});
  changes.back() = {Topic::kAgent, uuid(2)};
  const auto notices = notices_in(statement_of(changes));
  EXPECT_EQ(notices.size(), 8U);
  ChangeClock clock;
  const auto mark = clock.now();
  for (const std::string& notice : notices) {
    EXPECT_LT(notice.size(), 8000U);  // PostgreSQL's bound
    apply_notice(notice, clock);
  }
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kOrg, uuid(1)));
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kAgent, uuid(2)));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kAgent, uuid(3)));
}

TEST(NoticeTest, TooManyOrUnreadableIsAll) {
  const std::vector<Change> many(1601, Change{Topic::kOrg, uuid(1)});
  const std::string whole = only_notice_in(statement_of({{Topic::kOrg, uuid(1)}}));
  for (const std::string& notice :
       {only_notice_in(statement_of(many)), only_notice_in(statement_of({}, true)), std::string(),
        std::string("z") + std::string(32, '0'), std::string("a") + std::string(32, 'x'),
        whole + "a"}) {
    ChangeClock clock;
    const auto mark = clock.now();
    apply_notice(notice, clock);
    EXPECT_FALSE(clock.unchanged_since(mark, Topic::kAgent, uuid(9))) << notice.substr(0, 40);
  }
}

TEST(TrustTest, NothingIsUnchangedPastTheTrustedTime) {
  ChangeClock clock;
  EXPECT_TRUE(clock.unchanged_since(clock.now(), Topic::kOrg, uuid(1)));
  clock.trust_until(ChangeClock::trust_now() + milliseconds(60));
  EXPECT_TRUE(clock.unchanged_since(clock.now(), Topic::kOrg, uuid(1)));
  std::this_thread::sleep_for(milliseconds(80));
  EXPECT_FALSE(clock.unchanged_since(clock.now(), Topic::kOrg, uuid(1)));
  clock.trust_until(ChangeClock::trust_now() + milliseconds(60'000));
  EXPECT_TRUE(clock.unchanged_since(clock.now(), Topic::kOrg, uuid(1)));
}

/// Two nodes over one database.
class ListenerTest : public StoreTest {
 protected:
  void SetUp() override {
    if (postgres_url().empty()) GTEST_SKIP() << "about PostgreSQL";
    StoreTest::SetUp();
    auto opened = open_postgres(pg_options());
    ASSERT_TRUE(opened.ok()) << opened.problem().detail;
    other_ = std::move(opened).value();
  }

  static bool comes_true(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }
  bool is_trusted() const {
    return other_->clock().unchanged_since(other_->clock().now(), Topic::kOrg, uuid(77));
  }
  std::int64_t version_in(Store& store) {
    auto found = run(store.read([](Transaction& t) -> Result<std::int64_t> {
      return SecretRepository(t).find(uuid(1), "p")->current_version;
    }));
    if (!found.ok()) throw std::runtime_error(found.problem().detail);
    return found.value();
  }
  void touch(Topic topic, const Uuid& id) {
    change([&](Transaction& transaction) { transaction.touch(topic, id); });
  }

  std::unique_ptr<Store> other_;
};

TEST_F(ListenerTest, AChangeTicksTheOtherNodesClock) {
  ASSERT_TRUE(comes_true([&] { return is_trusted(); }));
  const ChangeClock& clock = other_->clock();
  const auto mark = clock.now();
  touch(Topic::kPolicy, uuid(5));
  EXPECT_TRUE(comes_true([&] { return !clock.unchanged_since(mark, Topic::kPolicy, uuid(5)); }));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kPolicy, uuid(6)));
}

TEST_F(ListenerTest, WithoutItsConnectionTheClockIsNotTrusted) {
  ASSERT_TRUE(comes_true([&] { return is_trusted(); }));
  const auto mark = other_->clock().now();
  PgConnection admin(postgres_url(), {});
  admin.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  // What is missed meanwhile counts as changed.
  EXPECT_TRUE(
      comes_true([&] { return !other_->clock().unchanged_since(mark, Topic::kUser, uuid(3)); }));
  EXPECT_TRUE(comes_true([&] { return is_trusted(); }));
}

TEST_F(ListenerTest, AWriteDecidesByTheDatabaseAlone) {
  ASSERT_TRUE(comes_true([&] {
    return store_->clock().unchanged_since(store_->clock().now(), Topic::kOrg, uuid(77));
  }));
  change([&](Transaction& transaction) {
    EXPECT_FALSE(transaction.unchanged_since(transaction.mark(), Topic::kOrg, uuid(77)));
  });
}

/// Caches of both nodes against one writer.
TEST_F(ListenerTest, NoCacheIsStaleBeyondTheBound) {
  constexpr std::int64_t kVersions = 400;
  add_org_and_user();
  add_vault(uuid(1), "vault");
  change([](Transaction& t) {
    SecretRepository(t).insert({.id = uuid(8), .vault_id = uuid(1), .path = "p"});
  });
  ASSERT_TRUE(comes_true([&] { return is_trusted(); }));
  std::array<std::atomic<std::int64_t>, kVersions + 1> answered_at{};
  answered_at[1] = ChangeClock::trust_now().count();
  std::atomic<std::int64_t> newest{1};
  std::atomic<bool> done{false};
  const auto reader = [&](Store& store, std::chrono::nanoseconds bound, int& hits, int& stale) {
    std::int64_t cached = 0;
    ChangeClock::Mark mark = 0;
    while (!done) {
      const auto began = ChangeClock::trust_now();
      std::int64_t least = newest;
      while (least > 1 && answered_at[static_cast<std::size_t>(least)] > (began - bound).count()) {
        --least;
      }
      if (cached != 0 && store.clock().unchanged_since(mark, Topic::kSecret, uuid(8))) {
        ++hits;
        if (cached < least) ++stale;
        continue;
      }
      mark = store.clock().now();
      cached = version_in(store);
    }
  };
  int own_hits = 0;
  int own_stale = 0;
  int other_hits = 0;
  int other_stale = 0;
  std::thread own([&] { reader(*store_, {}, own_hits, own_stale); });
  std::thread other([&] { reader(*other_, PgListener::kTrusted, other_hits, other_stale); });
  for (std::int64_t version = 2; version <= kVersions; ++version) {
    change([&](Transaction& t) {
      SecretRepository secrets(t);
      secrets.advance(secrets.find_by_id(uuid(8)).value(), version, from_micros(1));
    });
    answered_at[static_cast<std::size_t>(version)] = ChangeClock::trust_now().count();
    newest = version;
  }
  const auto end = ChangeClock::trust_now() + PgListener::kTrusted + milliseconds(200);
  while (ChangeClock::trust_now() < end) std::this_thread::sleep_for(milliseconds(20));
  done = true;
  own.join();
  other.join();
  EXPECT_EQ(own_stale, 0);
  EXPECT_EQ(other_stale, 0);
  EXPECT_GT(own_hits, 0);
  EXPECT_GT(other_hits, 0);
}

}  // namespace
}  // namespace oneclaw::store

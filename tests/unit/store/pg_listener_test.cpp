#include "store/pg_listener.h"

#include <thread>

#include "fixture.h"

namespace oneclaw::store {
namespace {

using std::chrono::milliseconds;

/// What such a batch would send.
std::string statement_of(std::vector<Change> changes, bool all_changed = false) {
  return notify_statement({.changes = std::move(changes), .all_changed = all_changed});
}

std::string payload(const std::string& statement) {
  const std::size_t begin = statement.find(", '") + 3;
  return statement.substr(begin, statement.rfind('\'') - begin);
}

TEST(NoticeTest, CarriesTheChanges) {
  ChangeClock clock;
  const auto mark = clock.now();
  const std::vector<Change> changes{{Topic::kVault, uuid(1)}, {Topic::kSecret, uuid(2)}};
  apply_notice(payload(statement_of(changes)), clock);
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kVault, uuid(1)));
  EXPECT_FALSE(clock.unchanged_since(mark, Topic::kSecret, uuid(2)));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kSecret, uuid(1)));
  EXPECT_TRUE(clock.unchanged_since(mark, Topic::kUser, uuid(2)));
}

TEST(NoticeTest, TooManyOrUnreadableIsAll) {
  const std::vector<Change> many(1000, Change{Topic::kOrg, uuid(1)});
  const std::string whole = statement_of({{Topic::kOrg, uuid(1)}});
  EXPECT_LT(statement_of(std::vector<Change>(200, Change{Topic::kOrg, uuid(1)})).size(), 8000U);
  for (const std::string& notice :
       {payload(statement_of(many)), payload(statement_of({}, true)),
        std::string("z") + std::string(32, '0'), std::string("a") + std::string(32, 'x'),
        payload(whole) + "a"}) {
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

}  // namespace
}  // namespace oneclaw::store

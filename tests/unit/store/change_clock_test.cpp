#include "store/change_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "fixture.h"
#include "store/agent_repository.h"
#include "store/api_key_repository.h"
#include "store/policy_repository.h"
#include "store/revoked_token_repository.h"
#include "store/secret_repository.h"

namespace oneclaw::store {
namespace {

TEST(ChangeClock, KnowsWhatChangedAfterAMark) {
  ChangeClock clock;
  const auto before = clock.now();
  const std::vector<Change> changes{{Topic::kVault, uuid(1)}, {Topic::kAgent, uuid(2)}};
  clock.changed(changes);
  EXPECT_FALSE(clock.unchanged_since(before, Topic::kVault, uuid(1)));
  EXPECT_FALSE(clock.unchanged_since(before, Topic::kAgent, uuid(2)));
  EXPECT_TRUE(clock.unchanged_since(before, Topic::kAgent, uuid(1)));
  EXPECT_TRUE(clock.unchanged_since(before, Topic::kVault, uuid(2)));
  EXPECT_TRUE(clock.unchanged_since(clock.now(), Topic::kVault, uuid(1)));
}

TEST(ChangeClock, NothingChangedIsNoTick) {
  ChangeClock clock;
  const auto before = clock.now();
  clock.changed({});
  EXPECT_EQ(clock.now(), before);
}

TEST(ChangeClock, EverythingMayHaveChanged) {
  ChangeClock clock;
  const auto before = clock.now();
  clock.changed_all();
  for (std::uint8_t i = 0; i < 200; ++i) {
    EXPECT_FALSE(clock.unchanged_since(before, Topic::kSecret, uuid(i)));
    EXPECT_TRUE(clock.unchanged_since(clock.now(), Topic::kSecret, uuid(i)));
  }
}

class ClockTest : public StoreTest {
 protected:
  void SetUp() override {
    if (!postgres_url().empty()) GTEST_SKIP() << "there each change is heard of twice";
    StoreTest::SetUp();
    add_org_and_user();
    add_vault(uuid(1), "vault");
  }

  /// Runs a write that is kept and expects that it has changed just this of what is asked.
  template <class F>
  void expect_touch(Topic topic, const Uuid& id, F f) {
    const auto before = store_->clock().now();
    change(f);
    EXPECT_FALSE(store_->clock().unchanged_since(before, topic, id));
    EXPECT_TRUE(store_->clock().unchanged_since(before, topic, uuid(99)));
    EXPECT_TRUE(store_->clock().unchanged_since(store_->clock().now(), topic, id));
  }
};

TEST_F(ClockTest, TicksForEachChangeOfAnAgent) {
  AgentRow agent{.id = uuid(3),
                 .org_id = uuid(1),
                 .name = "a",
                 .created_by = uuid(1),
                 .created_by_type = "user"};
  change([&](Transaction& t) { AgentRepository(t).insert(agent); });
  const auto touched = [&](auto f) { expect_touch(Topic::kAgent, uuid(3), f); };
  touched([&](Transaction& t) { AgentRepository(t).update(agent); });
  touched([&](Transaction& t) { AgentRepository(t).bump_token_version(uuid(3)); });
  touched([&](Transaction& t) { AgentRepository(t).set_key(uuid(3), "l", Bytes{1}, {}); });
  touched([&](Transaction& t) { AgentRepository(t).remove(uuid(1), uuid(3), from_micros(5)); });
}

TEST_F(ClockTest, ItsLastUseIsNoChange) {
  const AgentRow agent{.id = uuid(3),
                       .org_id = uuid(1),
                       .name = "a",
                       .created_by = uuid(1),
                       .created_by_type = "user"};
  change([&](Transaction& t) { AgentRepository(t).insert(agent); });
  const auto before = store_->clock().now();
  change([&](Transaction& t) { AgentRepository(t).touch(uuid(3), from_micros(9)); });
  EXPECT_EQ(store_->clock().now(), before);
}

TEST_F(ClockTest, TicksForEachChangeOfAUser) {
  const auto touched = [&](auto f) { expect_touch(Topic::kUser, uuid(1), f); };
  touched([](Transaction& t) { UserRepository(t).set_password(uuid(1), "phc"); });
  touched([](Transaction& t) { UserRepository(t).set_password_hash(uuid(1), "phc"); });
  touched([](Transaction& t) { UserRepository(t).update_profile(uuid(1), "n", {}); });
  touched([](Transaction& t) { UserRepository(t).link_google(uuid(1), "s"); });
  touched([](Transaction& t) { UserRepository(t).set_totp_enabled(uuid(1), true); });
  touched([](Transaction& t) { UserRepository(t).set_email(uuid(1), "two@example.com"); });
  touched([](Transaction& t) { UserRepository(t).bump_token_version(uuid(1)); });
  touched([](Transaction& t) {
    UserRepository(t).insert_org({.id = uuid(2), .name = "o", .created_at = from_micros(1)});
    UserRepository(t).insert_membership({uuid(2), uuid(1), "member", from_micros(1)});
  });
}

TEST_F(ClockTest, AWriteMayChangeEverything) {
  const auto before = store_->clock().now();
  change([&](Transaction& t) {
    EXPECT_TRUE(t.unchanged_since(before, Topic::kAgent, uuid(77)));
    t.touch_all();
    EXPECT_FALSE(t.unchanged_since(before, Topic::kAgent, uuid(77)));
  });
  EXPECT_FALSE(store_->clock().unchanged_since(before, Topic::kAgent, uuid(77)));
  const auto after = store_->clock().now();
  change([](Transaction&) {});
  EXPECT_EQ(store_->clock().now(), after);
}

TEST_F(ClockTest, AWriteSeesItsOwnChanges) {
  const auto before = store_->clock().now();
  change([&](Transaction& t) {
    EXPECT_TRUE(t.unchanged_since(before, Topic::kVault, uuid(1)));
    VaultRepository(t).remove(uuid(1), uuid(1), from_micros(4));
    EXPECT_FALSE(t.unchanged_since(before, Topic::kVault, uuid(1)));
    EXPECT_TRUE(store_->clock().unchanged_since(before, Topic::kVault, uuid(1))) << "not yet";
  });
}

TEST_F(ClockTest, ARefusedWriteChangesNothingForOthersToRead) {
  const auto result = write([](Transaction& t) -> Result<void> {
    VaultRepository(t).remove(uuid(1), uuid(1), from_micros(4));
    return problems::not_found();
  });
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(
      ask([](Transaction& t) { return VaultRepository(t).find(uuid(1), uuid(1)).has_value(); }));
}

TEST_F(ClockTest, TicksForKeysAndRevokedTokens) {
  const ApiKeyRow key{.id = uuid(4), .org_id = uuid(1), .user_id = uuid(1), .name = "k"};
  change([&](Transaction& t) { ApiKeyRepository(t).insert(key); });
  expect_touch(Topic::kApiKey, uuid(4),
               [](Transaction& t) { ApiKeyRepository(t).revoke(uuid(1), uuid(1), uuid(4)); });
  expect_touch(Topic::kToken, uuid(5),
               [](Transaction& t) { RevokedTokenRepository(t).insert(uuid(5), from_micros(100)); });
}

TEST_F(ClockTest, TicksForThePrincipalOfAPolicy) {
  PolicyRow policy{.id = uuid(6),
                   .vault_id = uuid(1),
                   .org_id = uuid(1),
                   .secret_path_pattern = "**",
                   .principal_type = "agent",
                   .principal_id = uuid(7),
                   .permissions = 1,
                   .created_by = uuid(1),
                   .created_by_type = "user"};
  const auto touched = [&](auto f) { expect_touch(Topic::kPolicy, uuid(7), f); };
  touched([&](Transaction& t) { PolicyRepository(t).insert(policy); });
  // By its id alone: an update need not say whose the policy is.
  policy.principal_id = Uuid{};
  touched([&](Transaction& t) { EXPECT_TRUE(PolicyRepository(t).update(policy)); });
  touched([&](Transaction& t) { EXPECT_TRUE(PolicyRepository(t).remove(uuid(1), uuid(6))); });
  touched([&](Transaction& t) { PolicyRepository(t).remove_for_principal("agent", uuid(7)); });
  change([&](Transaction& t) { EXPECT_FALSE(PolicyRepository(t).remove(uuid(1), uuid(6))); });
}

TEST_F(ClockTest, TicksForVaultsAndSecrets) {
  expect_touch(Topic::kVault, uuid(1), [](Transaction& t) {
    VaultRepository(t).insert_kek({.vault_id = uuid(1),
                                   .version = 1,
                                   .root_key_id = "r",
                                   .wrapped = {1},
                                   .created_at = from_micros(1)});
  });
  change([](Transaction& t) {
    SecretRepository(t).insert({.id = uuid(8), .vault_id = uuid(1), .path = "p"});
    SecretRepository(t).insert_version({.secret_id = uuid(8), .version = 1, .type = "note"});
  });
  const auto touched = [&](auto f) { expect_touch(Topic::kSecret, uuid(8), f); };
  touched([](Transaction& t) {
    SecretRepository secrets(t);
    secrets.advance(secrets.find_by_id(uuid(8)).value(), 2, from_micros(2));
  });
  touched([](Transaction& t) { SecretRepository(t).count_access(uuid(8), 1); });
  touched([](Transaction& t) { SecretRepository(t).remove(uuid(8), from_micros(3)); });
  expect_touch(Topic::kVault, uuid(1),
               [](Transaction& t) { VaultRepository(t).remove(uuid(1), uuid(1), from_micros(4)); });
}

// What a cache does, against a writer: a hit must never be older than the last write that has been
// answered.
TEST_F(ClockTest, ACacheThatKeepsToTheOrderIsNeverStale) {
  change([](Transaction& t) {
    SecretRepository(t).insert({.id = uuid(8), .vault_id = uuid(1), .path = "p"});
  });
  std::atomic<std::int64_t> answered{1};
  std::atomic<bool> done{false};
  std::atomic<int> hits{0};
  std::atomic<int> stale{0};
  const auto reader = [&] {
    std::int64_t cached = 0;
    ChangeClock::Mark mark = 0;
    while (!done) {
      const std::int64_t least = answered;
      if (cached != 0 && store_->clock().unchanged_since(mark, Topic::kSecret, uuid(8))) {
        ++hits;
        if (cached < least) ++stale;
        continue;
      }
      mark = store_->clock().now();
      cached = ask(
          [](Transaction& t) { return SecretRepository(t).find(uuid(1), "p")->current_version; });
      if (cached < least) ++stale;
    }
  };
  std::thread first(reader);
  std::thread second(reader);
  for (std::int64_t version = 2; version <= 300; ++version) {
    change([&](Transaction& t) {
      SecretRepository secrets(t);
      secrets.advance(secrets.find_by_id(uuid(8)).value(), version, from_micros(1));
    });
    answered = version;
  }
  done = true;
  first.join();
  second.join();
  EXPECT_EQ(stale, 0);
  EXPECT_GT(hits, 0);
}

}  // namespace
}  // namespace oneclaw::store

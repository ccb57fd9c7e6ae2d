#include "store/audit_repository.h"

#include "fixture.h"

namespace oneclaw::store {
namespace {

domain::AuditEvent event(const Uuid& org, std::int64_t sequence) {
  domain::AuditEvent event;
  event.id = uuid(static_cast<std::uint8_t>(sequence));
  event.org_id = org;
  event.sequence = sequence;
  event.action = sequence % 2 == 0 ? "secret.read" : "secret.write";
  event.actor_type = "user";
  event.actor_id = "actor-" + std::to_string(sequence % 3);
  event.resource_type = "secret";
  event.resource_id = "resource-" + std::to_string(sequence);
  event.details_json = "{\"n\": " + std::to_string(sequence) + "}";
  event.ip_address = "127.0.0.1";
  event.created_at = from_micros(sequence * 10);
  if (sequence > 1) event.prev_event_id = uuid(static_cast<std::uint8_t>(sequence - 1));
  event.integrity_hash.fill(static_cast<std::uint8_t>(sequence));
  return event;
}

class AuditTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    change([](Transaction& transaction) {
      AuditRepository audit(transaction);
      for (std::int64_t i = 1; i <= 10; ++i) audit.append(event(uuid(1), i));
      audit.append(event(Uuid{}, 1));
    });
  }
  std::vector<std::int64_t> list(const AuditFilter& filter, std::int64_t limit = 100,
                                 std::int64_t offset = 0) {
    return ask([&](Transaction& transaction) {
      return sequences(AuditRepository(transaction).list(uuid(1), filter, limit, offset));
    });
  }
  std::vector<std::int64_t> walk(std::int64_t after, std::int64_t limit) {
    return ask([&](Transaction& transaction) {
      return sequences(AuditRepository(transaction).walk(uuid(1), after, limit));
    });
  }
  static std::vector<std::int64_t> sequences(const std::vector<domain::AuditEvent>& events) {
    std::vector<std::int64_t> found;
    for (const auto& event : events) found.push_back(event.sequence);
    return found;
  }
  using Sequences = std::vector<std::int64_t>;
};

TEST_F(AuditTest, EachOrgHasItsHead) {
  const auto head = [&](const Uuid& org) {
    return ask([&](Transaction& transaction) { return AuditRepository(transaction).head(org); });
  };
  EXPECT_EQ(head(uuid(1)).sequence, 10);
  EXPECT_EQ(head(uuid(1)).event_id, uuid(10));
  EXPECT_EQ(head(uuid(1)).hash, event(uuid(1), 10).integrity_hash);
  EXPECT_EQ(head(Uuid{}).sequence, 1);
  EXPECT_EQ(head(uuid(2)).sequence, 0);
  EXPECT_EQ(head(uuid(2)).event_id, std::nullopt);
  EXPECT_EQ(head(uuid(2)).hash, domain::ChainHash{});
}

TEST_F(AuditTest, AnEventComesBackWhole) {
  for (const std::int64_t sequence : {1, 7}) {
    const auto found = ask([&](Transaction& transaction) {
      return AuditRepository(transaction).walk(uuid(1), sequence - 1, 1).at(0);
    });
    const domain::AuditEvent wanted = event(uuid(1), sequence);
    EXPECT_EQ(found.id, wanted.id);
    EXPECT_EQ(found.org_id, wanted.org_id);
    EXPECT_EQ(found.sequence, wanted.sequence);
    EXPECT_EQ(found.action, wanted.action);
    EXPECT_EQ(found.actor_type, wanted.actor_type);
    EXPECT_EQ(found.actor_id, wanted.actor_id);
    EXPECT_EQ(found.resource_type, wanted.resource_type);
    EXPECT_EQ(found.resource_id, wanted.resource_id);
    EXPECT_EQ(found.details_json, wanted.details_json);
    EXPECT_EQ(found.ip_address, wanted.ip_address);
    EXPECT_EQ(found.created_at, wanted.created_at);
    EXPECT_EQ(found.prev_event_id, wanted.prev_event_id);
    EXPECT_EQ(found.integrity_hash, wanted.integrity_hash);
  }
}

TEST_F(AuditTest, TheListIsNewestFirstAndPaged) {
  EXPECT_EQ(list({}), (Sequences{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(list({}, 3), (Sequences{10, 9, 8}));
  EXPECT_EQ(list({}, 3, 8), (Sequences{2, 1}));
  EXPECT_TRUE(list({}, 3, 10).empty());
}

TEST_F(AuditTest, FiltersMustAllHold) {
  EXPECT_EQ(list({.resource_id = "resource-4"}), Sequences{4});
  EXPECT_EQ(list({.actor_id = "actor-0"}), (Sequences{9, 6, 3}));
  EXPECT_EQ(list({.action = "secret.read"}), (Sequences{10, 8, 6, 4, 2}));
  EXPECT_EQ(list({.actor_id = "actor-0", .action = "secret.read"}), Sequences{6});
  EXPECT_EQ(list({.from = from_micros(30), .to = from_micros(60)}), (Sequences{5, 4, 3}));
  EXPECT_EQ(list({.from = from_micros(91)}), Sequences{10});
  EXPECT_EQ(list({.action = "secret.read", .to = from_micros(60)}, 1, 1), Sequences{2});
  EXPECT_TRUE(list({.resource_id = "resource-4' OR '1'='1"}).empty());
}

TEST_F(AuditTest, TheWalkIsOldestFirst) {
  EXPECT_EQ(walk(0, 3), (Sequences{1, 2, 3}));
  EXPECT_EQ(walk(8, 3), (Sequences{9, 10}));
  EXPECT_TRUE(walk(10, 3).empty());
}

TEST_F(AuditTest, FindsTheFirstEventOfATime) {
  const auto first = [&](const Uuid& org, std::int64_t time) {
    return ask([&](Transaction& transaction) {
      return AuditRepository(transaction).first_at_or_after(org, from_micros(time));
    });
  };
  EXPECT_EQ(first(uuid(1), 0), 1);
  EXPECT_EQ(first(uuid(1), 30), 3);
  EXPECT_EQ(first(uuid(1), 31), 4);
  EXPECT_EQ(first(uuid(1), 101), std::nullopt);
  EXPECT_EQ(first(uuid(2), 0), std::nullopt);
}

TEST_F(AuditTest, ASequenceIsTakenOnce) {
  const auto again = write([](Transaction& transaction) -> Result<void> {
    AuditRepository(transaction).append(event(uuid(1), 10));
    return {};
  });
  EXPECT_EQ(again.problem().status, 409);
}

TEST_F(AuditTest, AHashOfAnotherLengthIsAnError) {
  change([](Transaction& transaction) {
    transaction.connection().execute("UPDATE audit_events SET integrity_hash = x'00'");
  });
  const auto walked = read([](Transaction& transaction) -> Result<std::size_t> {
    return AuditRepository(transaction).walk(uuid(1), 0, 10).size();
  });
  ASSERT_FALSE(walked.ok());
  EXPECT_EQ(walked.problem().status, 500);
}

}  // namespace
}  // namespace oneclaw::store

#include "store/secret_witness.h"

#include <string>
#include <string_view>

#include "fixture.h"
#include "store/audit_repository.h"
#include "store/secret_repository.h"

namespace oneclaw::store {
namespace {

const Uuid kSecret = uuid(50);

class SecretWitnessTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add_org_and_user();
    add_vault(uuid(1), "a");
    change([](Transaction& transaction) {
      SecretRepository secrets(transaction);
      secrets.insert({.id = kSecret, .vault_id = uuid(1), .path = "p", .current_version = 9});
      for (const std::int64_t version : {8, 9}) {
        secrets.insert_version({.secret_id = kSecret,
                                .version = version,
                                .type = "note",
                                .max_access_count = 20,
                                .access_count = 9});
      }
    });
  }

  /// An event of the secret's as AuditLog writes it; `members` come after the path.
  void say(const std::string& action, const std::string& members,
           const std::string& outcome = "success", const Uuid& id = kSecret) {
    const bool of_share = action == "share.access";
    domain::AuditEvent event;
    event.id = Uuid::v7();
    event.org_id = uuid(1);
    event.sequence = ++sequence_;
    event.action = action;
    event.resource_id = of_share ? uuid(99).to_string() : id.to_string();
    event.details_json = "{" + (of_share ? R"("secret_id":")" + id.to_string() + "\"," : "") +
                         R"("path":"p")" + members + R"(,"outcome":")" + outcome + "\"}";
    change([&](Transaction& transaction) { AuditRepository(transaction).append(event); });
  }
  void say_version(const std::string& action, std::int64_t version) {
    say(action, ",\"version\":" + std::to_string(version));
  }
  void say_access(const std::string& action, std::int64_t version, std::int64_t count) {
    say(action,
        ",\"version\":" + std::to_string(version) + ",\"access_count\":" + std::to_string(count));
  }

  template <class F>
  bool is_refused(F f) {
    const auto result = read([&](Transaction& transaction) -> Result<void> {
      SecretRepository secrets(transaction);
      f(secrets);
      return {};
    });
    if (result.ok()) return false;
    EXPECT_EQ(result.problem().code, "tampered");
    return true;
  }
  bool is_secret_refused() {
    const bool refused = is_refused([](SecretRepository& secrets) { secrets.find(uuid(1), "p"); });
    EXPECT_EQ(refused, is_refused([](SecretRepository& secrets) { secrets.find_by_id(kSecret); }));
    return refused;
  }
  bool is_version_refused(std::int64_t version) {
    return is_refused([&](SecretRepository& secrets) { secrets.find_version(kSecret, version); });
  }
  bool is_count_refused(std::int64_t version) {
    const auto result = write([&](Transaction& transaction) -> Result<void> {
      SecretRepository(transaction).count_access(kSecret, version);
      return problems::gone("so that nothing is kept");
    });
    return result.problem().code == "tampered";
  }

 private:
  std::int64_t sequence_ = 0;
};

TEST_F(SecretWitnessTest, WithoutAWordOfTheChainNothingIsRefused) {
  EXPECT_FALSE(is_secret_refused());
  EXPECT_FALSE(is_version_refused(9));
  EXPECT_FALSE(is_count_refused(9));
}

TEST_F(SecretWitnessTest, ALaterVersionWasWritten) {
  for (const std::int64_t version : {1, 8, 9}) say_version("secret.write", version);
  say_version("secret.rotate", 9);
  EXPECT_FALSE(is_secret_refused());
  say_version("secret.write", 10);
  EXPECT_TRUE(is_secret_refused());
}

TEST_F(SecretWitnessTest, NumbersAreNotComparedAsText) {
  say_version("secret.rotate", 100);
  EXPECT_TRUE(is_secret_refused());
}

TEST_F(SecretWitnessTest, AnEventMadeUpBehindHidesNothing) {
  say_version("secret.rotate", 10);
  say_version("secret.write", 9);
  EXPECT_TRUE(is_secret_refused());
}

TEST_F(SecretWitnessTest, WhateverHappenedToALaterVersionTellsOfIt) {
  say_access("secret.read", 9, 1);
  EXPECT_FALSE(is_secret_refused());
  say_access("share.access", 10, 1);
  EXPECT_TRUE(is_secret_refused());
}

TEST_F(SecretWitnessTest, ADeletionOfThisVersion) {
  say_version("secret.delete", 8);  // undone by version 9
  EXPECT_FALSE(is_secret_refused());
  say_version("secret.delete", 9);
  EXPECT_TRUE(is_secret_refused());
  change([](Transaction& transaction) {
    transaction.connection().execute("UPDATE secrets SET deleted_at = 7");
  });
  EXPECT_FALSE(is_secret_refused());
  say_version("secret.delete", 10);
  EXPECT_TRUE(is_secret_refused());
}

TEST_F(SecretWitnessTest, ADeletionFromBeforeEventsHadVersions) {
  say("secret.delete", "");
  EXPECT_FALSE(is_secret_refused());
}

TEST_F(SecretWitnessTest, ADisabledVersion) {
  say_version("secret.disable_version", 8);
  EXPECT_TRUE(is_version_refused(8));
  EXPECT_TRUE(is_count_refused(8));
  EXPECT_FALSE(is_version_refused(9));
  EXPECT_FALSE(is_secret_refused());
  change([](Transaction& transaction) {
    transaction.connection().execute(
        "UPDATE secret_versions SET is_disabled = 1 WHERE version = 8");
  });
  EXPECT_FALSE(is_version_refused(8));
}

TEST_F(SecretWitnessTest, ALaterAccess) {
  for (const char* action : {"secret.read", "secret.use", "share.access"}) {
    say_access(action, 8, 10);
    say_access(action, 9, 9);
  }
  EXPECT_FALSE(is_version_refused(9));
  EXPECT_FALSE(is_count_refused(9));
  EXPECT_TRUE(is_version_refused(8));
  EXPECT_TRUE(is_count_refused(8));
  for (const char* action : {"secret.read", "secret.use", "share.access"}) {
    say_access(action, 9, 10);
    EXPECT_TRUE(is_version_refused(9)) << action;
    EXPECT_TRUE(is_count_refused(9)) << action;
    change([](Transaction& transaction) {
      transaction.connection().execute(
          "UPDATE secret_versions SET access_count = access_count + 10 WHERE version = 9");
    });
    EXPECT_FALSE(is_version_refused(9)) << action;
    EXPECT_FALSE(is_count_refused(9)) << action;
    change([](Transaction& transaction) {
      transaction.connection().execute("UPDATE secret_versions SET access_count = 9");
      transaction.connection().execute("DELETE FROM audit_events");
    });
  }
}

TEST_F(SecretWitnessTest, OnlyWhatSucceededAndIsOfTheSecret) {
  say("secret.write", ",\"version\":10", "failed");
  say("secret.delete", ",\"version\":9", "denied");
  say("secret.read", ",\"version\":9,\"access_count\":10", "failed");
  say("secret.versions", ",\"version\":10");
  say("secret.write", ",\"version\":10", "success", uuid(51));
  say("share.access", ",\"version\":9,\"access_count\":10", "success", uuid(51));
  EXPECT_FALSE(is_secret_refused());
  EXPECT_FALSE(is_version_refused(9));
}

TEST_F(SecretWitnessTest, ATextThatLooksLikeAMemberIsNone) {
  say("secret.write", R"(,"note":"\"version\":77,\"outcome\":\"success\"","version":9)");
  say("secret.read", R"(,"note":",\"access_count\":77,","version":9)");
  say("secret.delete", R"(,"note":"version","status":"\\","version":8)");
  EXPECT_FALSE(is_secret_refused());
  EXPECT_FALSE(is_version_refused(9));
}

TEST_F(SecretWitnessTest, TheIndexAnswers) {
  change([](Transaction& transaction) {
    const bool sqlite = postgres_url().empty();
    Connection& connection = transaction.connection();
    if (!sqlite) connection.execute("SET LOCAL enable_seqscan = off");
    for (const std::string_view sql : SecretWitness::queries()) {
      auto plan =
          connection.prepare((sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + std::string(sql));
      plan.bind(1, kSecret.to_string()).bind(2, 9);
      if (sql.find("?3") != std::string_view::npos) plan.bind(3, 9);
      std::string text;
      while (plan.step()) text += plan.text(sqlite ? 3 : 0) + "\n";
      EXPECT_NE(text.find("audit_events_of_secrets"), std::string::npos) << text;
      EXPECT_TRUE(text.find("(<expr>=? AND <expr>") != std::string::npos ||
                  text.find("Index Cond: ((CASE") != std::string::npos)
          << text;
      EXPECT_EQ(text.find("SCAN audit_events"), std::string::npos) << text;
      EXPECT_EQ(text.find("Seq Scan"), std::string::npos) << text;
      EXPECT_EQ(text.find("Filter: (CASE"), std::string::npos) << text;
    }
  });
}

TEST_F(SecretWitnessTest, APlainReadHasNoEntryInTheIndex) {
  SQLITE_ONLY();
  say_version("secret.read", 9);
  say_version("secret.write", 1);
  say("secret.write", ",\"version\":10", "failed");
  say_access("secret.read", 9, 1);
  say_version("secret.write", 10);
  change([](Transaction& transaction) {
    const std::string sql(SecretWitness::queries()[0]);
    auto query = transaction.connection().prepare(
        "SELECT COUNT(*) FROM audit_events INDEXED BY audit_events_of_secrets" +
        sql.substr(sql.find(" WHERE "), sql.find(" AND (CASE") - sql.find(" WHERE ")));
    query.step();
    EXPECT_EQ(query.integer(0), 2);
  });
}

}  // namespace
}  // namespace oneclaw::store

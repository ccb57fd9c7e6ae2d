#include "fixture.h"
#include "store/api_key_repository.h"
#include "store/key_repository.h"
#include "store/refresh_token_repository.h"
#include "store/revoked_token_repository.h"

namespace oneclaw::store {
namespace {

class AccountTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add_org_and_user();
  }
  UserRow user(std::uint8_t number) {
    return ask([&](Transaction& transaction) {
             return UserRepository(transaction).find(uuid(number));
           })
        .value();
  }
};

TEST_F(AccountTest, AUserComesBackWhole) {
  const UserRow row{.id = uuid(2),
                    .email = "two@example.com",
                    .display_name = "Two \xC3\xA4",
                    .password_hash = "$argon2id$x",
                    .auth_method = "google",
                    .google_subject = "g-2",
                    .email_verified = true,
                    .marketing_emails = true,
                    .totp_enabled = true,
                    .is_active = false,
                    .token_version = 5,
                    .home_org_id = uuid(1),
                    .created_at = from_micros(1'700'000'000'123'456)};
  change([&](Transaction& transaction) { UserRepository(transaction).insert(row); });
  for (const auto& found :
       {ask([](Transaction& transaction) { return UserRepository(transaction).find(uuid(2)); }),
        ask([](Transaction& transaction) {
          return UserRepository(transaction).find_by_email("two@example.com");
        }),
        ask([](Transaction& transaction) {
          return UserRepository(transaction).find_by_google_subject("g-2");
        })}) {
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->id, row.id);
    EXPECT_EQ(found->email, row.email);
    EXPECT_EQ(found->display_name, row.display_name);
    EXPECT_EQ(found->password_hash, row.password_hash);
    EXPECT_EQ(found->auth_method, row.auth_method);
    EXPECT_EQ(found->google_subject, row.google_subject);
    EXPECT_TRUE(found->email_verified);
    EXPECT_TRUE(found->marketing_emails);
    EXPECT_TRUE(found->totp_enabled);
    EXPECT_FALSE(found->is_active);
    EXPECT_EQ(found->token_version, 5);
    EXPECT_EQ(found->home_org_id, uuid(1));
    EXPECT_EQ(found->created_at, row.created_at);
  }
}

TEST_F(AccountTest, AnEmailAndAGoogleSubjectBelongToOne) {
  UserRow other{.id = uuid(2), .email = "one@example.com", .home_org_id = uuid(1)};
  const auto insert = [&](Transaction& transaction) -> Result<void> {
    UserRepository(transaction).insert(other);
    return {};
  };
  EXPECT_EQ(write(insert).problem().status, 409);
  other.email = "two@example.com";
  other.google_subject = "g";
  ASSERT_TRUE(write(insert).ok());
  other = {.id = uuid(3), .email = "3@x.org", .google_subject = "g", .home_org_id = uuid(1)};
  EXPECT_EQ(write(insert).problem().status, 409);
  other.google_subject.reset();  // those without one don't collide
  EXPECT_TRUE(write(insert).ok());
}

TEST_F(AccountTest, RolesAreOfTheOrg) {
  const auto role = [&](std::uint8_t org, std::uint8_t id) {
    return ask([=](Transaction& transaction) {
      return UserRepository(transaction).role(uuid(org), uuid(id));
    });
  };
  EXPECT_EQ(role(1, 1), "owner");
  EXPECT_EQ(role(2, 1), std::nullopt);
  EXPECT_EQ(role(1, 2), std::nullopt);
}

TEST_F(AccountTest, AProfileChangesOnlyWhatIsGiven) {
  change([](Transaction& transaction) {
    UserRepository users(transaction);
    EXPECT_TRUE(users.update_profile(uuid(1), "New", std::nullopt));
    EXPECT_TRUE(users.update_profile(uuid(1), std::nullopt, true));
    EXPECT_TRUE(users.update_profile(uuid(1), std::nullopt, std::nullopt));
    EXPECT_FALSE(users.update_profile(uuid(9), "New", std::nullopt));
  });
  EXPECT_EQ(user(1).display_name, "New");
  EXPECT_TRUE(user(1).marketing_emails);
}

TEST_F(AccountTest, ANewPasswordEndsTokensARehashDoesNot) {
  change([](Transaction& transaction) {
    UserRepository users(transaction);
    EXPECT_TRUE(users.set_password_hash(uuid(1), "rehash"));
    EXPECT_EQ(users.find(uuid(1))->token_version, 1);
    EXPECT_EQ(users.set_password(uuid(1), "new"), 2);
    EXPECT_EQ(users.set_password(uuid(9), "new"), std::nullopt);
    EXPECT_TRUE(users.link_google(uuid(1), "g-1"));
  });
  EXPECT_EQ(user(1).password_hash, "new");
  EXPECT_EQ(user(1).token_version, 2);
  EXPECT_EQ(user(1).google_subject, "g-1");
}

class RefreshTokenTest : public AccountTest {
 protected:
  static Bytes mac(std::uint8_t number) { return Bytes(32, number); }
  void add(std::uint8_t number, std::uint8_t family, std::int64_t expires_at) {
    change([&](Transaction& transaction) {
      RefreshTokenRepository(transaction)
          .insert({.token_mac = mac(number),
                   .family_id = uuid(family),
                   .user_id = uuid(1),
                   .org_id = uuid(1),
                   .token_version = 3,
                   .created_at = from_micros(1),
                   .expires_at = from_micros(expires_at),
                   .api_key_id = uuid(7)});
    });
  }
  std::optional<RefreshTokenRow> find(std::uint8_t number) {
    return ask([&](Transaction& transaction) {
      return RefreshTokenRepository(transaction).find(mac(number));
    });
  }
  bool spend(std::uint8_t number) {
    const auto spent = write([&](Transaction& transaction) -> Result<bool> {
      return RefreshTokenRepository(transaction).spend(mac(number), from_micros(5));
    });
    return spent.ok() && *spent;
  }
};

TEST_F(RefreshTokenTest, IsSpentOnce) {
  add(1, 1, 100);
  EXPECT_TRUE(spend(1));
  EXPECT_FALSE(spend(1));
  EXPECT_FALSE(spend(2));
  const auto found = find(1);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->token_mac, mac(1));
  EXPECT_EQ(found->token_version, 3);
  EXPECT_EQ(found->spent_at, from_micros(5));
  EXPECT_EQ(found->revoked_at, std::nullopt);
  EXPECT_EQ(found->api_key_id, uuid(7));
}

TEST_F(RefreshTokenTest, AFamilyIsRevokedTogether) {
  add(1, 1, 100);
  add(2, 1, 100);
  add(3, 2, 100);
  change([](Transaction& transaction) {
    RefreshTokenRepository(transaction).revoke_family(uuid(1), from_micros(6));
    RefreshTokenRepository(transaction).revoke_family(uuid(1), from_micros(7));
  });
  EXPECT_FALSE(spend(1));
  EXPECT_FALSE(spend(2));
  EXPECT_EQ(find(2)->revoked_at, from_micros(6));  // the first time stays
  EXPECT_TRUE(spend(3));
  change([](Transaction& transaction) {
    RefreshTokenRepository(transaction).revoke_user(uuid(1), from_micros(8));
  });
  EXPECT_EQ(find(3)->revoked_at, from_micros(8));
}

TEST_F(RefreshTokenTest, ThePurgeIsBoundedAndTakesTheExpired) {
  for (std::uint8_t i = 1; i <= 5; ++i) add(i, i, i * 10);
  change([](Transaction& transaction) {
    RefreshTokenRepository tokens(transaction);
    EXPECT_EQ(tokens.purge_expired(from_micros(40), 2), 2);
    EXPECT_EQ(tokens.purge_expired(from_micros(40), 2), 1);
    EXPECT_EQ(tokens.purge_expired(from_micros(40), 2), 0);
  });
  EXPECT_EQ(find(3), std::nullopt);
  EXPECT_TRUE(find(4).has_value());
}

TEST_F(AccountTest, ARevokedTokenIsKnownUntilItIsPurged) {
  change([](Transaction& transaction) {
    RevokedTokenRepository tokens(transaction);
    tokens.insert(uuid(1), from_micros(10));
    tokens.insert(uuid(1), from_micros(10));
    tokens.insert(uuid(2), from_micros(20));
    EXPECT_TRUE(tokens.contains(uuid(1)));
    EXPECT_FALSE(tokens.contains(uuid(3)));
    EXPECT_EQ(tokens.purge_expired(from_micros(20), 10), 1);
    EXPECT_FALSE(tokens.contains(uuid(1)));
    EXPECT_TRUE(tokens.contains(uuid(2)));
  });
}

TEST_F(AccountTest, ApiKeys) {
  const ApiKeyRow row{.id = uuid(1),
                      .org_id = uuid(1),
                      .user_id = uuid(1),
                      .name = "ci",
                      .lookup = "1ck_abc",
                      .mac = Bytes(32, 9),
                      .scopes = {"secrets:read", "quote\"d"},
                      .created_at = from_micros(1),
                      .expires_at = from_micros(9)};
  change([&](Transaction& transaction) {
    ApiKeyRepository keys(transaction);
    keys.insert(row);
    ApiKeyRow twin = row;
    twin.id = uuid(2);
    twin.scopes.clear();
    keys.insert(twin);
    keys.touch(uuid(1), from_micros(5));

    const auto found = keys.find(uuid(1), uuid(1), uuid(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->scopes, row.scopes);
    EXPECT_EQ(found->mac, row.mac);
    EXPECT_EQ(found->expires_at, row.expires_at);
    EXPECT_EQ(found->last_used_at, from_micros(5));
    EXPECT_EQ(keys.find(uuid(2), uuid(1), uuid(1)), std::nullopt);
    EXPECT_EQ(keys.find(uuid(1), uuid(2), uuid(1)), std::nullopt);
    EXPECT_EQ(keys.find_by_lookup("1ck_abc").size(), 2U);
    EXPECT_TRUE(keys.find_by_lookup("1ck_ab").empty());

    EXPECT_EQ(keys.list(uuid(1)).size(), 2U);
    const auto page = keys.list(uuid(1), uuid(1), 5);
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].id, uuid(2));
    EXPECT_TRUE(page[0].scopes.empty());

    EXPECT_FALSE(keys.revoke(uuid(2), uuid(1), uuid(1)));
    EXPECT_TRUE(keys.revoke(uuid(1), uuid(1), uuid(1)));
    EXPECT_FALSE(keys.revoke(uuid(1), uuid(1), uuid(1)));
    EXPECT_FALSE(keys.find_by_id(uuid(1))->is_active);
    EXPECT_TRUE(keys.find_by_id(uuid(2))->is_active);
  });
}

TEST_F(AccountTest, AScopeListThatWasTamperedWithIsAnErrorNotAWidening) {
  change([](Transaction& transaction) {
    ApiKeyRepository(transaction)
        .insert({.id = uuid(1), .org_id = uuid(1), .user_id = uuid(1), .scopes = {"a:read"}});
  });
  for (const char* broken : {"", "null", "{}", "[1]", "[\"a:read\""}) {
    change([&](Transaction& transaction) {
      transaction.connection().prepare("UPDATE api_keys SET scopes = ?1").bind(1, broken).run();
    });
    const auto found = read([](Transaction& transaction) -> Result<bool> {
      return ApiKeyRepository(transaction).find_by_id(uuid(1)).has_value();
    });
    ASSERT_FALSE(found.ok()) << broken;
    EXPECT_EQ(found.problem().status, 500);
  }
}

TEST_F(AccountTest, ServerAndSigningKeys) {
  change([](Transaction& transaction) {
    KeyRepository keys(transaction);
    keys.insert_signing_key({"old", Bytes(32, 1), "root", Bytes(60, 1), from_micros(1), {}});
    keys.insert_signing_key({"new", Bytes(32, 2), "root", Bytes(60, 2), from_micros(2), {}});
    keys.insert_server_key({"mac", "root", Bytes(60, 3), from_micros(3)});
    const auto signing = keys.signing_keys();
    ASSERT_EQ(signing.size(), 2U);
    EXPECT_EQ(signing[0].kid, "new");
    EXPECT_EQ(signing[1].wrapped, Bytes(60, 1));
    EXPECT_EQ(keys.server_key("mac")->wrapped, Bytes(60, 3));
    EXPECT_EQ(keys.server_key("other"), std::nullopt);
  });
  const auto twice = write([](Transaction& transaction) -> Result<void> {
    KeyRepository(transaction).insert_server_key({"mac", "root", Bytes(60, 4), from_micros(4)});
    return {};
  });
  EXPECT_EQ(twice.problem().status, 409);
}

}  // namespace
}  // namespace oneclaw::store

#include "fixture.h"
#include "store/agent_repository.h"
#include "store/policy_repository.h"

namespace oneclaw::store {
namespace {

class VaultTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add_org_and_user();
  }
  template <class Row>
  static std::vector<Uuid> ids(const std::vector<Row>& rows) {
    std::vector<Uuid> found;
    for (const Row& row : rows) found.push_back(row.id);
    return found;
  }
};

TEST_F(VaultTest, ANameBelongsToOneLivingVaultOfTheOrg) {
  add_vault(uuid(1), "prod");
  const auto again = write([](Transaction& transaction) -> Result<void> {
    VaultRepository(transaction).insert({.id = uuid(2), .org_id = uuid(1), .name = "prod"});
    return {};
  });
  EXPECT_EQ(again.problem().status, 409);
  change([](Transaction& transaction) {
    VaultRepository vaults(transaction);
    EXPECT_FALSE(vaults.remove(uuid(2), uuid(1), from_micros(3)));
    EXPECT_TRUE(vaults.remove(uuid(1), uuid(1), from_micros(3)));
    EXPECT_FALSE(vaults.remove(uuid(1), uuid(1), from_micros(3)));
    EXPECT_EQ(vaults.find(uuid(1), uuid(1)), std::nullopt);
    EXPECT_TRUE(vaults.list(uuid(1)).empty());
  });
  add_vault(uuid(2), "prod");
}

TEST_F(VaultTest, AVaultIsFoundInItsOrgOnly) {
  add_vault(uuid(1), "prod");
  change([](Transaction& transaction) {
    VaultRepository vaults(transaction);
    EXPECT_EQ(vaults.find(uuid(2), uuid(1)), std::nullopt);
    const auto vault = vaults.find(uuid(1), uuid(1));
    ASSERT_TRUE(vault.has_value());
    EXPECT_EQ(vault->name, "prod");
    EXPECT_EQ(vault->created_by, uuid(1));
    EXPECT_EQ(vault->created_by_type, "user");
    EXPECT_FALSE(vault->is_system);
    // A person's vault of that name is not the system's.
    EXPECT_EQ(vaults.find_system(uuid(1), "prod"), std::nullopt);
    vaults.insert({.id = uuid(2), .org_id = uuid(1), .name = "__sys", .is_system = true});
    EXPECT_EQ(vaults.find_system(uuid(1), "__sys")->id, uuid(2));
    EXPECT_EQ(vaults.find_system(uuid(2), "__sys"), std::nullopt);
  });
}

TEST_F(VaultTest, VaultsArePagedById) {
  for (std::uint8_t i = 5; i >= 1; --i) add_vault(uuid(i), "v" + std::to_string(i));
  change([](Transaction& transaction) {
    VaultRepository vaults(transaction);
    EXPECT_EQ(ids(vaults.list(uuid(1))),
              (std::vector{uuid(1), uuid(2), uuid(3), uuid(4), uuid(5)}));
    EXPECT_EQ(ids(vaults.list(uuid(1), std::nullopt, 2)), (std::vector{uuid(1), uuid(2)}));
    EXPECT_EQ(ids(vaults.list(uuid(1), uuid(2), 2)), (std::vector{uuid(3), uuid(4)}));
    EXPECT_TRUE(vaults.list(uuid(1), uuid(5), 2).empty());
    EXPECT_TRUE(vaults.list(uuid(2)).empty());
  });
}

TEST_F(VaultTest, TheNewestKekIsTheOneOfTheHighestVersion) {
  add_vault(uuid(1), "prod");
  change([](Transaction& transaction) {
    VaultRepository vaults(transaction);
    EXPECT_EQ(vaults.newest_kek(uuid(1)), std::nullopt);
    for (const std::int64_t version : {2, 10, 1}) {
      vaults.insert_kek({uuid(1), version, "root", Bytes(60, 1), from_micros(1)});
    }
    EXPECT_EQ(vaults.newest_kek(uuid(1))->version, 10);
    EXPECT_EQ(vaults.kek(uuid(1), 2)->root_key_id, "root");
    EXPECT_EQ(vaults.kek(uuid(1), 3), std::nullopt);
  });
}

TEST_F(VaultTest, AKekNeedsItsVault) {
  const auto orphan = write([](Transaction& transaction) -> Result<void> {
    VaultRepository(transaction).insert_kek({uuid(1), 1, "root", Bytes(60, 1), from_micros(1)});
    return {};
  });
  EXPECT_FALSE(orphan.ok());
}

TEST_F(VaultTest, PoliciesOfAPrincipal) {
  add_vault(uuid(1), "a");
  add_vault(uuid(2), "b");
  const PolicyRow row{.id = uuid(1),
                      .vault_id = uuid(1),
                      .org_id = uuid(1),
                      .secret_path_pattern = "prod/**",
                      .principal_type = "agent",
                      .principal_id = uuid(7),
                      .permissions = 3,
                      .effect = "deny",
                      .priority = 4,
                      .conditions = "{\"a\":1}",
                      .expires_at = from_micros(9),
                      .extra = "{\"b\":2}",
                      .created_by = uuid(1),
                      .created_by_type = "user",
                      .created_at = from_micros(1),
                      .updated_at = from_micros(2)};
  change([&](Transaction& transaction) {
    PolicyRepository policies(transaction);
    policies.insert(row);
    PolicyRow other = row;
    other.id = uuid(2);
    other.principal_type = "user";  // the same id, another kind of principal
    policies.insert(other);
    other = row;
    other.id = uuid(3);
    other.vault_id = uuid(2);
    policies.insert(other);
    other.id = uuid(4);
    policies.insert(other);

    EXPECT_EQ(ids(policies.for_principal(uuid(1), "agent", uuid(7))), std::vector{uuid(1)});
    EXPECT_EQ(policies.vaults_for_principal(uuid(1), "agent", uuid(7)),
              (std::vector{uuid(1), uuid(2)}));
    EXPECT_TRUE(policies.vaults_for_principal(uuid(2), "agent", uuid(7)).empty());
    EXPECT_EQ(policies.vaults_for_principal(uuid(1), "user", uuid(7)), std::vector{uuid(1)});
    EXPECT_EQ(ids(policies.list(uuid(1))), (std::vector{uuid(1), uuid(2)}));
    EXPECT_EQ(ids(policies.list(uuid(1), uuid(1), 9)), std::vector{uuid(2)});

    const auto found = policies.find(uuid(1), uuid(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->secret_path_pattern, row.secret_path_pattern);
    EXPECT_EQ(found->principal_type, "agent");
    EXPECT_EQ(found->permissions, 3);
    EXPECT_EQ(found->effect, "deny");
    EXPECT_EQ(found->priority, 4);
    EXPECT_EQ(found->conditions, row.conditions);
    EXPECT_EQ(found->expires_at, row.expires_at);
    EXPECT_EQ(found->extra, row.extra);
    EXPECT_EQ(found->updated_at, row.updated_at);
    EXPECT_EQ(policies.find(uuid(2), uuid(1)), std::nullopt);
  });
}

TEST_F(VaultTest, PoliciesChangeAndGo) {
  add_vault(uuid(1), "a");
  change([](Transaction& transaction) {
    PolicyRepository policies(transaction);
    PolicyRow row{.id = uuid(1),
                  .vault_id = uuid(1),
                  .org_id = uuid(1),
                  .principal_type = "agent",
                  .principal_id = uuid(7),
                  .expires_at = from_micros(9)};
    policies.insert(row);
    row.effect = "deny";
    row.permissions = 7;
    row.expires_at.reset();
    EXPECT_TRUE(policies.update(row));
    EXPECT_EQ(policies.find(uuid(1), uuid(1))->effect, "deny");
    EXPECT_EQ(policies.find(uuid(1), uuid(1))->permissions, 7);
    EXPECT_EQ(policies.find(uuid(1), uuid(1))->expires_at, std::nullopt);
    row.vault_id = uuid(2);
    EXPECT_FALSE(policies.update(row));
    EXPECT_FALSE(policies.remove(uuid(2), uuid(1)));
    EXPECT_TRUE(policies.remove(uuid(1), uuid(1)));
    EXPECT_FALSE(policies.remove(uuid(1), uuid(1)));

    row.vault_id = uuid(1);
    policies.insert(row);
    EXPECT_EQ(policies.remove_for_principal("user", uuid(7)), 0);
    EXPECT_EQ(policies.remove_for_principal("agent", uuid(7)), 1);
  });
}

class AgentTest : public VaultTest {
 protected:
  static AgentRow row() {
    return {.id = uuid(1),
            .org_id = uuid(1),
            .name = "bot",
            .description = "a bot",
            .scopes = {"secrets:read"},
            .vault_ids = {uuid(3), uuid(4)},
            .token_ttl_seconds = 60,
            .expires_at = from_micros(100),
            .api_key_expires_at = from_micros(200),
            .key_lookup = "ocv_abc",
            .key_mac = Bytes(32, 1),
            .ssh_public_key = "ssh-ed25519 AAAA",
            .ecdh_public_key = "BAAA",
            .created_by = uuid(1),
            .created_by_type = "user",
            .created_at = from_micros(1)};
  }
};

TEST_F(AgentTest, ComesBackWholeAndInItsOrgOnly) {
  change([](Transaction& transaction) {
    AgentRepository agents(transaction);
    agents.insert(row());
    EXPECT_EQ(agents.find(uuid(2), uuid(1)), std::nullopt);
    const auto found = agents.find(uuid(1), uuid(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->name, "bot");
    EXPECT_EQ(found->auth_method, "api_key");
    EXPECT_EQ(found->scopes, row().scopes);
    EXPECT_EQ(found->vault_ids, row().vault_ids);
    EXPECT_EQ(found->token_ttl_seconds, 60);
    EXPECT_EQ(found->expires_at, from_micros(100));
    EXPECT_EQ(found->api_key_expires_at, from_micros(200));
    EXPECT_EQ(found->key_mac, Bytes(32, 1));
    EXPECT_EQ(found->ssh_public_key, "ssh-ed25519 AAAA");
    EXPECT_EQ(found->ecdh_public_key, "BAAA");
    EXPECT_EQ(found->token_version, 1);
    EXPECT_EQ(found->extra, "{}");
    EXPECT_EQ(found->last_active_at, std::nullopt);
    EXPECT_TRUE(agents.touch(uuid(1), from_micros(7)));
    EXPECT_EQ(agents.find_by_id(uuid(1))->last_active_at, from_micros(7));
  });
}

TEST_F(AgentTest, AnUpdateLeavesTheKeyAndTheTokenVersion) {
  change([](Transaction& transaction) {
    AgentRepository agents(transaction);
    agents.insert(row());
    AgentRow changed = row();
    changed.name = "other";
    changed.scopes.clear();
    changed.vault_ids.clear();
    changed.is_active = false;
    changed.token_ttl_seconds.reset();
    changed.expires_at.reset();
    changed.extra = "{\"x\":1}";
    changed.key_lookup = "ignored";
    changed.token_version = 50;
    EXPECT_TRUE(agents.update(changed));
    const auto found = agents.find_by_id(uuid(1));
    EXPECT_EQ(found->name, "other");
    EXPECT_TRUE(found->scopes.empty());
    EXPECT_TRUE(found->vault_ids.empty());
    EXPECT_FALSE(found->is_active);
    EXPECT_EQ(found->token_ttl_seconds, std::nullopt);
    EXPECT_EQ(found->expires_at, std::nullopt);
    EXPECT_EQ(found->extra, "{\"x\":1}");
    EXPECT_EQ(found->key_lookup, "ocv_abc");
    EXPECT_EQ(found->token_version, 1);
    EXPECT_TRUE(agents.bump_token_version(uuid(1)));
    EXPECT_EQ(agents.find_by_id(uuid(1))->token_version, 2);
  });
}

TEST_F(AgentTest, ARotatedKeyIsFoundByItsNewLookupOnly) {
  change([](Transaction& transaction) {
    AgentRepository agents(transaction);
    agents.insert(row());
    EXPECT_TRUE(agents.set_key(uuid(1), "ocv_new", Bytes(32, 2), std::nullopt));
    EXPECT_TRUE(agents.find_by_lookup("ocv_abc").empty());
    ASSERT_EQ(agents.find_by_lookup("ocv_new").size(), 1U);
    EXPECT_EQ(agents.find_by_lookup("ocv_new")[0].key_mac, Bytes(32, 2));
    EXPECT_EQ(agents.find_by_lookup("ocv_new")[0].api_key_expires_at, std::nullopt);
  });
}

TEST_F(AgentTest, ARemovedAgentIsFoundByNothing) {
  change([](Transaction& transaction) {
    AgentRepository agents(transaction);
    agents.insert(row());
    AgentRow second = row();
    second.id = uuid(2);
    agents.insert(second);
    EXPECT_EQ(ids(agents.list(uuid(1))), (std::vector{uuid(1), uuid(2)}));
    EXPECT_EQ(ids(agents.list(uuid(1), uuid(1), 1)), std::vector{uuid(2)});

    EXPECT_FALSE(agents.remove(uuid(2), uuid(1), from_micros(5)));
    EXPECT_TRUE(agents.remove(uuid(1), uuid(1), from_micros(5)));
    EXPECT_FALSE(agents.remove(uuid(1), uuid(1), from_micros(5)));
    EXPECT_EQ(agents.find(uuid(1), uuid(1)), std::nullopt);
    EXPECT_EQ(agents.find_by_id(uuid(1)), std::nullopt);
    EXPECT_EQ(ids(agents.find_by_lookup("ocv_abc")), std::vector{uuid(2)});
    EXPECT_EQ(ids(agents.list(uuid(1))), std::vector{uuid(2)});
    EXPECT_FALSE(agents.update(row()));
    EXPECT_FALSE(agents.bump_token_version(uuid(1)));
    EXPECT_FALSE(agents.set_key(uuid(1), "x", Bytes(32, 2), std::nullopt));
    EXPECT_FALSE(agents.touch(uuid(1), from_micros(6)));
  });
}

}  // namespace
}  // namespace oneclaw::store

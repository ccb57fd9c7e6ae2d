#include "store/erasure_repository.h"

#include <string>
#include <vector>

#include "store/policy_repository.h"

namespace oneclaw::store {

namespace {

constexpr std::string_view kErased = "erased";

/// What goes with an org's vaults, in an order that keeps the references whole: ?1 is the org.
constexpr std::string_view kOfVaults[] = {
    "DELETE FROM shares WHERE org_id = ?1",
    "DELETE FROM invitations WHERE org_id = ?1",
    "DELETE FROM secret_versions WHERE secret_id IN (SELECT s.id FROM secrets s "
    "JOIN vaults v ON v.id = s.vault_id WHERE v.org_id = ?1)",
    "DELETE FROM rotation_policies WHERE org_id = ?1",
    "DELETE FROM env_var_links WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM env_var_slots WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM env_vars WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM environments WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM vault_keks WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM policies WHERE org_id = ?1",
    "DELETE FROM approval_signatures WHERE approval_id IN "
    "(SELECT id FROM approvals WHERE org_id = ?1)",
    "DELETE FROM approvals WHERE org_id = ?1",
    "DELETE FROM ip_rules WHERE org_id = ?1",
    "DELETE FROM cmek_rotations WHERE vault_id IN (SELECT id FROM vaults WHERE org_id = ?1)",
    "DELETE FROM key_rotations WHERE org_id = ?1",
    "DELETE FROM usage_counts WHERE org_id = ?1",
    "DELETE FROM org_billing WHERE org_id = ?1",
    "DELETE FROM credit_entries WHERE org_id = ?1",
    "DELETE FROM outbox WHERE org_id = ?1 AND kind = 'webhook'",
    "DELETE FROM executions WHERE org_id = ?1",
    "DELETE FROM bindings WHERE org_id = ?1",
    "DELETE FROM webhooks WHERE org_id = ?1",
};

void run(Connection& connection, std::string_view sql, const Uuid& id) {
  connection.prepare(sql).bind(1, id).run();
}

std::vector<Uuid> secrets_of(Connection& connection, const Uuid& org_id) {
  auto query = connection.prepare(
      "SELECT s.id FROM secrets s JOIN vaults v ON v.id = s.vault_id WHERE v.org_id = ?1");
  query.bind(1, org_id);
  std::vector<Uuid> ids;
  while (query.step()) ids.push_back(query.uuid(0));
  return ids;
}

}  // namespace

void ErasureRepository::erase_org(const Uuid& org_id, TimePoint at) {
  Connection& connection = transaction_.connection();
  for (const std::string_view sql : kOfVaults) run(connection, sql, org_id);
  for (const Uuid& id : secrets_of(connection, org_id)) {
    connection.prepare("UPDATE secrets SET deleted_at = ?2, path = ?3 WHERE id = ?1")
        .bind(1, id)
        .bind(2, at)
        .bind(3, "erased/" + id.to_string())
        .run();
  }
  connection
      .prepare("UPDATE vaults SET deleted_at = ?2, name = ?3, description = '' WHERE org_id = ?1")
      .bind(1, org_id)
      .bind(2, at)
      .bind(3, kErased)
      .run();
  connection
      .prepare(
          "UPDATE agents SET deleted_at = ?2, is_active = 0, token_version = token_version + 1, "
          "name = ?3, description = '', key_lookup = '', key_mac = ?4, ssh_public_key = '', "
          "ecdh_public_key = '', extra = '{}' WHERE org_id = ?1")
      .bind(1, org_id)
      .bind(2, at)
      .bind(3, kErased)
      .bind(4, ByteView())
      .run();
  connection.prepare("UPDATE orgs SET name = ?2 WHERE id = ?1")
      .bind(1, org_id)
      .bind(2, kErased)
      .run();
  transaction_.touch_all();
}

void ErasureRepository::erase_user(const Uuid& user_id) {
  Connection& connection = transaction_.connection();
  for (const std::string_view sql :
       {"DELETE FROM refresh_tokens WHERE user_id = ?1",
        "DELETE FROM one_time_tokens WHERE user_id = ?1",
        "DELETE FROM totp_secrets WHERE user_id = ?1",
        "DELETE FROM recovery_codes WHERE user_id = ?1",
        "DELETE FROM device_codes WHERE user_id = ?1", "DELETE FROM api_keys WHERE user_id = ?1",
        "DELETE FROM shares WHERE created_by = ?1", "DELETE FROM shares WHERE recipient_id = ?1",
        "DELETE FROM memberships WHERE user_id = ?1"}) {
    run(connection, sql, user_id);
  }
  PolicyRepository(transaction_).remove_for_principal("user", user_id);
  connection
      .prepare(
          "UPDATE users SET email = ?2, display_name = '', password_hash = NULL, "
          "google_subject = NULL, email_verified = 0, marketing_emails = 0, totp_enabled = 0, "
          "is_active = 0, token_version = token_version + 1 WHERE id = ?1")
      .bind(1, user_id)
      .bind(2, user_id.to_string() + "@erased.invalid")
      .run();
  transaction_.touch(Topic::kUser, user_id);
}

}  // namespace oneclaw::store

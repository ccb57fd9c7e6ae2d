#include "store/user_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, email, display_name, password_hash, auth_method, google_subject, email_verified, "
    "marketing_emails, totp_enabled, is_active, token_version, home_org_id, created_at FROM users";

std::optional<UserRow> one(Statement& query) {
  if (!query.step()) return std::nullopt;
  return UserRow{.id = query.uuid(0),
                 .email = query.text(1),
                 .display_name = query.text(2),
                 .password_hash = query.optional_text(3),
                 .auth_method = query.text(4),
                 .google_subject = query.optional_text(5),
                 .email_verified = query.boolean(6),
                 .marketing_emails = query.boolean(7),
                 .totp_enabled = query.boolean(8),
                 .is_active = query.boolean(9),
                 .token_version = query.integer(10),
                 .home_org_id = query.uuid(11),
                 .created_at = query.time(12)};
}

const std::string kMemberships = "SELECT org_id, user_id, role, created_at FROM memberships";

std::vector<MembershipRow> all_memberships(Statement& query) {
  std::vector<MembershipRow> memberships;
  while (query.step()) {
    memberships.push_back({.org_id = query.uuid(0),
                           .user_id = query.uuid(1),
                           .role = query.text(2),
                           .created_at = query.time(3)});
  }
  return memberships;
}

}  // namespace

void UserRepository::insert_org(const OrgRow& org) {
  connection_.prepare("INSERT INTO orgs (id, name, created_at) VALUES (?1, ?2, ?3)")
      .bind(1, org.id)
      .bind(2, org.name)
      .bind(3, org.created_at)
      .run();
}

std::optional<OrgRow> UserRepository::find_org(const Uuid& id) {
  auto query = connection_.prepare("SELECT id, name, created_at FROM orgs WHERE id = ?1");
  query.bind(1, id);
  if (!query.step()) return std::nullopt;
  return OrgRow{.id = query.uuid(0), .name = query.text(1), .created_at = query.time(2)};
}

void UserRepository::insert(const UserRow& user) {
  connection_
      .prepare(
          "INSERT INTO users (id, email, display_name, password_hash, auth_method, "
          "google_subject, email_verified, marketing_emails, totp_enabled, is_active, "
          "token_version, home_org_id, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
      .bind(1, user.id)
      .bind(2, user.email)
      .bind(3, user.display_name)
      .bind(4, user.password_hash)
      .bind(5, user.auth_method)
      .bind(6, user.google_subject)
      .bind(7, user.email_verified)
      .bind(8, user.marketing_emails)
      .bind(9, user.totp_enabled)
      .bind(10, user.is_active)
      .bind(11, user.token_version)
      .bind(12, user.home_org_id)
      .bind(13, user.created_at)
      .run();
}

void UserRepository::insert_membership(const MembershipRow& membership) {
  connection_
      .prepare(
          "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES (?1, ?2, ?3, ?4)")
      .bind(1, membership.org_id)
      .bind(2, membership.user_id)
      .bind(3, membership.role)
      .bind(4, membership.created_at)
      .run();
  transaction_.touch(Topic::kUser, membership.user_id);
}

std::optional<UserRow> UserRepository::find(const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1");
  return one(query.bind(1, id));
}

std::optional<UserRow> UserRepository::find_by_email(std::string_view email) {
  auto query = connection_.prepare(kSelect + " WHERE email = ?1");
  return one(query.bind(1, email));
}

std::optional<UserRow> UserRepository::find_by_google_subject(std::string_view subject) {
  auto query = connection_.prepare(kSelect + " WHERE google_subject = ?1");
  return one(query.bind(1, subject));
}

std::optional<std::string> UserRepository::role(const Uuid& org_id, const Uuid& user_id) {
  auto query =
      connection_.prepare("SELECT role FROM memberships WHERE org_id = ?1 AND user_id = ?2");
  query.bind(1, org_id).bind(2, user_id);
  if (!query.step()) return std::nullopt;
  return query.text(0);
}

std::vector<MembershipRow> UserRepository::memberships_of(const Uuid& user_id) {
  auto query =
      connection_.prepare(kMemberships + " WHERE user_id = ?1 ORDER BY created_at, org_id");
  return all_memberships(query.bind(1, user_id));
}

std::vector<MembershipRow> UserRepository::members(const Uuid& org_id) {
  auto query =
      connection_.prepare(kMemberships + " WHERE org_id = ?1 ORDER BY created_at, user_id");
  return all_memberships(query.bind(1, org_id));
}

std::vector<Uuid> UserRepository::members_of_role(const Uuid& org_id, std::string_view role) {
  auto query = connection_.prepare(
      "SELECT user_id FROM memberships WHERE org_id = ?1 AND role = ?2 "
      "ORDER BY created_at, user_id");
  query.bind(1, org_id).bind(2, role);
  std::vector<Uuid> members;
  while (query.step()) members.push_back(query.uuid(0));
  return members;
}

bool UserRepository::update_profile(const Uuid& id, const std::optional<std::string>& display_name,
                                    const std::optional<bool>& marketing_emails) {
  connection_
      .prepare(
          "UPDATE users SET display_name = COALESCE(?2, display_name), "
          "marketing_emails = COALESCE(?3, marketing_emails) WHERE id = ?1")
      .bind(1, id)
      .bind(2, display_name)
      .bind(3, marketing_emails)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

bool UserRepository::set_totp_enabled(const Uuid& id, bool enabled) {
  connection_.prepare("UPDATE users SET totp_enabled = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, enabled)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

bool UserRepository::set_email(const Uuid& id, std::string_view email) {
  connection_.prepare("UPDATE users SET email = ?2, email_verified = 1 WHERE id = ?1")
      .bind(1, id)
      .bind(2, email)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

bool UserRepository::bump_token_version(const Uuid& id) {
  connection_.prepare("UPDATE users SET token_version = token_version + 1 WHERE id = ?1")
      .bind(1, id)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

std::optional<std::int64_t> UserRepository::set_password(const Uuid& id, std::string_view hash) {
  auto update = connection_.prepare(
      "UPDATE users SET password_hash = ?2, token_version = token_version + 1 WHERE id = ?1 "
      "RETURNING token_version");
  update.bind(1, id).bind(2, hash);
  if (!update.step()) return std::nullopt;
  transaction_.touch(Topic::kUser, id);
  return update.integer(0);
}

bool UserRepository::set_password_hash(const Uuid& id, std::string_view hash) {
  connection_.prepare("UPDATE users SET password_hash = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, hash)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

bool UserRepository::link_google(const Uuid& id, std::string_view subject) {
  connection_.prepare("UPDATE users SET google_subject = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, subject)
      .run();
  transaction_.touch(Topic::kUser, id);
  return connection_.changes() == 1;
}

}  // namespace oneclaw::store

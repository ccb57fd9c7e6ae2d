#include "store/member_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT u.id, u.email, u.display_name, m.role, u.auth_method, m.created_at "
    "FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = ?1";

std::vector<MemberRow> all(Statement& query) {
  std::vector<MemberRow> rows;
  while (query.step()) {
    rows.push_back({.user_id = query.uuid(0),
                    .email = query.text(1),
                    .display_name = query.text(2),
                    .role = query.text(3),
                    .auth_method = query.text(4),
                    .joined_at = query.time(5)});
  }
  return rows;
}

std::int64_t number(Statement& query) {
  query.step();
  return query.integer(0);
}

}  // namespace

std::vector<MemberRow> MemberRepository::list(const Uuid& org_id) {
  auto query = transaction_.connection().prepare(kSelect + " ORDER BY m.created_at, u.id");
  return all(query.bind(1, org_id));
}

std::optional<MemberRow> MemberRepository::find(const Uuid& org_id, const Uuid& user_id) {
  auto query = transaction_.connection().prepare(kSelect + " AND u.id = ?2");
  auto rows = all(query.bind(1, org_id).bind(2, user_id));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::int64_t MemberRepository::count(const Uuid& org_id) {
  auto query =
      transaction_.connection().prepare("SELECT COUNT(*) FROM memberships WHERE org_id = ?1");
  return number(query.bind(1, org_id));
}

std::int64_t MemberRepository::count_owners(const Uuid& org_id) {
  auto query = transaction_.connection().prepare(
      "SELECT COUNT(*) FROM memberships WHERE org_id = ?1 AND role = 'owner'");
  return number(query.bind(1, org_id));
}

void MemberRepository::set_role(const Uuid& org_id, const Uuid& user_id, std::string_view role) {
  transaction_.connection()
      .prepare("UPDATE memberships SET role = ?3 WHERE org_id = ?1 AND user_id = ?2")
      .bind(1, org_id)
      .bind(2, user_id)
      .bind(3, role)
      .run();
  transaction_.touch(Topic::kUser, user_id);
}

void MemberRepository::move(const Uuid& user_id, const Uuid& from, const Uuid& to,
                            std::string_view role, TimePoint at) {
  Connection& connection = transaction_.connection();
  connection.prepare("DELETE FROM memberships WHERE org_id = ?1 AND user_id = ?2")
      .bind(1, from)
      .bind(2, user_id)
      .run();
  connection
      .prepare(
          "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES (?1, ?2, ?3, ?4)")
      .bind(1, to)
      .bind(2, user_id)
      .bind(3, role)
      .bind(4, at)
      .run();
  connection
      .prepare("UPDATE users SET home_org_id = ?2, token_version = token_version + 1 WHERE id = ?1")
      .bind(1, user_id)
      .bind(2, to)
      .run();
  connection.prepare("UPDATE api_keys SET is_active = 0 WHERE user_id = ?1").bind(1, user_id).run();
  connection
      .prepare(
          "UPDATE refresh_tokens SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL")
      .bind(1, user_id)
      .bind(2, at)
      .run();
  transaction_.touch(Topic::kUser, user_id);
}

}  // namespace oneclaw::store

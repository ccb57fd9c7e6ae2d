#include "store/invitation_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, email, role, token_mac, invited_by, created_at, expires_at "
    "FROM invitations WHERE accepted_at IS NULL AND revoked_at IS NULL";

std::vector<InvitationRow> all(Statement& query) {
  std::vector<InvitationRow> rows;
  while (query.step()) {
    rows.push_back({.id = query.uuid(0),
                    .org_id = query.uuid(1),
                    .email = query.text(2),
                    .role = query.text(3),
                    .token_mac = query.blob(4),
                    .invited_by = query.uuid(5),
                    .created_at = query.time(6),
                    .expires_at = query.time(7)});
  }
  return rows;
}

}  // namespace

void InvitationRepository::insert(const InvitationRow& invitation) {
  connection_
      .prepare(
          "INSERT INTO invitations (id, org_id, email, role, token_mac, invited_by, created_at, "
          "expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, invitation.id)
      .bind(2, invitation.org_id)
      .bind(3, invitation.email)
      .bind(4, invitation.role)
      .bind(5, invitation.token_mac)
      .bind(6, invitation.invited_by)
      .bind(7, invitation.created_at)
      .bind(8, invitation.expires_at)
      .run();
}

std::optional<InvitationRow> InvitationRepository::find_open(ByteView token_mac, TimePoint at) {
  auto query = connection_.prepare(kSelect + " AND token_mac = ?1 AND expires_at > ?2");
  auto rows = all(query.bind(1, token_mac).bind(2, at));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<InvitationRow> InvitationRepository::list_open(const Uuid& org_id, TimePoint at) {
  auto query =
      connection_.prepare(kSelect + " AND org_id = ?1 AND expires_at > ?2 ORDER BY id DESC");
  return all(query.bind(1, org_id).bind(2, at));
}

void InvitationRepository::accept(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE invitations SET accepted_at = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, at)
      .run();
}

bool InvitationRepository::revoke(const Uuid& org_id, const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE invitations SET revoked_at = ?3 WHERE id = ?1 AND org_id = ?2 "
          "AND accepted_at IS NULL AND revoked_at IS NULL")
      .bind(1, id)
      .bind(2, org_id)
      .bind(3, at)
      .run();
  return connection_.changes() == 1;
}

void InvitationRepository::revoke_for_email(const Uuid& org_id, std::string_view email,
                                            TimePoint at) {
  connection_
      .prepare(
          "UPDATE invitations SET revoked_at = ?3 WHERE org_id = ?1 AND email = ?2 "
          "AND accepted_at IS NULL AND revoked_at IS NULL")
      .bind(1, org_id)
      .bind(2, email)
      .bind(3, at)
      .run();
}

}  // namespace oneclaw::store

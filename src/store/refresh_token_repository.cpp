#include "store/refresh_token_repository.h"

namespace oneclaw::store {

void RefreshTokenRepository::insert(const RefreshTokenRow& token) {
  connection_
      .prepare(
          "INSERT INTO refresh_tokens (token_mac, family_id, user_id, org_id, token_version, "
          "created_at, expires_at, spent_at, revoked_at, api_key_id) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
      .bind(1, token.token_mac)
      .bind(2, token.family_id)
      .bind(3, token.user_id)
      .bind(4, token.org_id)
      .bind(5, token.token_version)
      .bind(6, token.created_at)
      .bind(7, token.expires_at)
      .bind(8, token.spent_at)
      .bind(9, token.revoked_at)
      .bind(10, token.api_key_id)
      .run();
}

std::optional<RefreshTokenRow> RefreshTokenRepository::find(ByteView token_mac) {
  auto query = connection_.prepare(
      "SELECT token_mac, family_id, user_id, org_id, token_version, created_at, expires_at, "
      "spent_at, revoked_at, api_key_id FROM refresh_tokens WHERE token_mac = ?1");
  query.bind(1, token_mac);
  if (!query.step()) return std::nullopt;
  return RefreshTokenRow{.token_mac = query.blob(0),
                         .family_id = query.uuid(1),
                         .user_id = query.uuid(2),
                         .org_id = query.uuid(3),
                         .token_version = query.integer(4),
                         .created_at = query.time(5),
                         .expires_at = query.time(6),
                         .spent_at = query.optional_time(7),
                         .revoked_at = query.optional_time(8),
                         .api_key_id = query.optional_uuid(9)};
}

bool RefreshTokenRepository::spend(ByteView token_mac, TimePoint at) {
  connection_
      .prepare(
          "UPDATE refresh_tokens SET spent_at = ?2 "
          "WHERE token_mac = ?1 AND spent_at IS NULL AND revoked_at IS NULL")
      .bind(1, token_mac)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

void RefreshTokenRepository::revoke_family(const Uuid& family_id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE refresh_tokens SET revoked_at = ?2 WHERE family_id = ?1 AND revoked_at IS NULL")
      .bind(1, family_id)
      .bind(2, at)
      .run();
}

void RefreshTokenRepository::revoke_user(const Uuid& user_id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE refresh_tokens SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL")
      .bind(1, user_id)
      .bind(2, at)
      .run();
}

std::int64_t RefreshTokenRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM refresh_tokens WHERE token_mac IN (SELECT token_mac FROM refresh_tokens "
          "WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
  return connection_.changes();
}

}  // namespace oneclaw::store

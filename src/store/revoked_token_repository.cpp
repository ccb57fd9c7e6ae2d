#include "store/revoked_token_repository.h"

namespace oneclaw::store {

void RevokedTokenRepository::insert(const Uuid& token_id, TimePoint expires_at) {
  connection_
      .prepare(
          "INSERT INTO revoked_tokens (token_id, expires_at) VALUES (?1, ?2) "
          "ON CONFLICT (token_id) DO NOTHING")
      .bind(1, token_id)
      .bind(2, expires_at)
      .run();
  transaction_.touch(Topic::kToken, token_id);
}

bool RevokedTokenRepository::contains(const Uuid& token_id) {
  auto query = connection_.prepare("SELECT 1 FROM revoked_tokens WHERE token_id = ?1");
  return query.bind(1, token_id).step();
}

std::int64_t RevokedTokenRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM revoked_tokens WHERE token_id IN (SELECT token_id FROM revoked_tokens "
          "WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
  return connection_.changes();
}

}  // namespace oneclaw::store

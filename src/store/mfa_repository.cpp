#include "store/mfa_repository.h"

namespace oneclaw::store {

void MfaRepository::put_totp(const TotpRow& totp) {
  connection_
      .prepare(
          "INSERT INTO totp_secrets (user_id, sealed, is_confirmed, last_step, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user_id) DO UPDATE SET sealed = ?2, "
          "is_confirmed = ?3, last_step = ?4, created_at = ?5")
      .bind(1, totp.user_id)
      .bind(2, totp.sealed)
      .bind(3, totp.is_confirmed)
      .bind(4, totp.last_step)
      .bind(5, totp.created_at)
      .run();
}

std::optional<TotpRow> MfaRepository::totp(const Uuid& user_id) {
  auto query = connection_.prepare(
      "SELECT user_id, sealed, is_confirmed, last_step, created_at FROM totp_secrets "
      "WHERE user_id = ?1");
  query.bind(1, user_id);
  if (!query.step()) return std::nullopt;
  return TotpRow{.user_id = query.uuid(0),
                 .sealed = query.blob(1),
                 .is_confirmed = query.boolean(2),
                 .last_step = query.integer(3),
                 .created_at = query.time(4)};
}

void MfaRepository::confirm_totp(const Uuid& user_id) {
  connection_.prepare("UPDATE totp_secrets SET is_confirmed = 1 WHERE user_id = ?1")
      .bind(1, user_id)
      .run();
}

bool MfaRepository::use_step(const Uuid& user_id, std::int64_t step) {
  connection_
      .prepare("UPDATE totp_secrets SET last_step = ?2 WHERE user_id = ?1 AND last_step < ?2")
      .bind(1, user_id)
      .bind(2, step)
      .run();
  return connection_.changes() == 1;
}

void MfaRepository::insert_recovery_code(const Uuid& user_id, ByteView code_mac) {
  connection_.prepare("INSERT INTO recovery_codes (user_id, code_mac) VALUES (?1, ?2)")
      .bind(1, user_id)
      .bind(2, code_mac)
      .run();
}

bool MfaRepository::use_recovery_code(const Uuid& user_id, ByteView code_mac, TimePoint at) {
  connection_
      .prepare(
          "UPDATE recovery_codes SET used_at = ?3 "
          "WHERE user_id = ?1 AND code_mac = ?2 AND used_at IS NULL")
      .bind(1, user_id)
      .bind(2, code_mac)
      .bind(3, at)
      .run();
  return connection_.changes() == 1;
}

std::int64_t MfaRepository::recovery_codes_left(const Uuid& user_id) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM recovery_codes WHERE user_id = ?1 AND used_at IS NULL");
  query.bind(1, user_id).step();
  return query.integer(0);
}

void MfaRepository::remove(const Uuid& user_id) {
  connection_.prepare("DELETE FROM totp_secrets WHERE user_id = ?1").bind(1, user_id).run();
  connection_.prepare("DELETE FROM recovery_codes WHERE user_id = ?1").bind(1, user_id).run();
}

}  // namespace oneclaw::store

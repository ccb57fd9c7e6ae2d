#include "store/one_time_token_repository.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT token_mac, id, purpose, user_id, email, failures, created_at, expires_at "
    "FROM one_time_tokens";

std::optional<OneTimeTokenRow> one(Statement& query) {
  if (!query.step()) return std::nullopt;
  return OneTimeTokenRow{.token_mac = query.blob(0),
                         .id = query.uuid(1),
                         .purpose = query.text(2),
                         .user_id = query.uuid(3),
                         .email = query.text(4),
                         .failures = query.integer(5),
                         .created_at = query.time(6),
                         .expires_at = query.time(7)};
}

}  // namespace

void OneTimeTokenRepository::insert(const OneTimeTokenRow& token) {
  connection_
      .prepare(
          "INSERT INTO one_time_tokens (token_mac, id, purpose, user_id, email, failures, "
          "created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(1, token.token_mac)
      .bind(2, token.id)
      .bind(3, token.purpose)
      .bind(4, token.user_id)
      .bind(5, token.email)
      .bind(6, token.failures)
      .bind(7, token.created_at)
      .bind(8, token.expires_at)
      .run();
}

std::optional<OneTimeTokenRow> OneTimeTokenRepository::find(std::string_view purpose,
                                                            ByteView token_mac) {
  auto query = connection_.prepare(kSelect + " WHERE token_mac = ?1 AND purpose = ?2");
  return one(query.bind(1, token_mac).bind(2, purpose));
}

std::optional<OneTimeTokenRow> OneTimeTokenRepository::find_newest(std::string_view purpose,
                                                                   const Uuid& user_id) {
  auto query = connection_.prepare(
      kSelect + " WHERE user_id = ?1 AND purpose = ?2 ORDER BY created_at DESC LIMIT 1");
  return one(query.bind(1, user_id).bind(2, purpose));
}

void OneTimeTokenRepository::count_failure(const Uuid& id) {
  connection_.prepare("UPDATE one_time_tokens SET failures = failures + 1 WHERE id = ?1")
      .bind(1, id)
      .run();
}

bool OneTimeTokenRepository::remove(const Uuid& id) {
  connection_.prepare("DELETE FROM one_time_tokens WHERE id = ?1").bind(1, id).run();
  return connection_.changes() == 1;
}

void OneTimeTokenRepository::remove_for_user(std::string_view purpose, const Uuid& user_id) {
  connection_.prepare("DELETE FROM one_time_tokens WHERE user_id = ?1 AND purpose = ?2")
      .bind(1, user_id)
      .bind(2, purpose)
      .run();
}

void OneTimeTokenRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM one_time_tokens WHERE token_mac IN (SELECT token_mac FROM one_time_tokens "
          "WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
}

void PendingSignupRepository::insert(const PendingSignupRow& signup) {
  connection_
      .prepare(
          "INSERT INTO pending_signups (token_mac, email, display_name, password_hash, "
          "created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(1, signup.token_mac)
      .bind(2, signup.email)
      .bind(3, signup.display_name)
      .bind(4, signup.password_hash)
      .bind(5, signup.created_at)
      .bind(6, signup.expires_at)
      .run();
}

std::optional<PendingSignupRow> PendingSignupRepository::find(ByteView token_mac) {
  auto query = connection_.prepare(
      "SELECT token_mac, email, display_name, password_hash, created_at, expires_at "
      "FROM pending_signups WHERE token_mac = ?1");
  query.bind(1, token_mac);
  if (!query.step()) return std::nullopt;
  return PendingSignupRow{.token_mac = query.blob(0),
                          .email = query.text(1),
                          .display_name = query.text(2),
                          .password_hash = query.text(3),
                          .created_at = query.time(4),
                          .expires_at = query.time(5)};
}

void PendingSignupRepository::remove_for_email(std::string_view email) {
  connection_.prepare("DELETE FROM pending_signups WHERE email = ?1").bind(1, email).run();
}

void PendingSignupRepository::purge_expired(TimePoint before, std::int64_t limit) {
  connection_
      .prepare(
          "DELETE FROM pending_signups WHERE token_mac IN (SELECT token_mac FROM pending_signups "
          "WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(1, before)
      .bind(2, limit)
      .run();
}

}  // namespace oneclaw::store

#include "store/outbox_repository.h"

namespace oneclaw::store {

void OutboxRepository::insert(const OutboxRow& row) {
  connection_
      .prepare(
          "INSERT INTO outbox (id, org_id, kind, topic, webhook_id, state, attempts, "
          "next_attempt_at, last_error, created_at, sealed) "
          "VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, '', ?8, ?9)")
      .bind(1, row.id)
      .bind(2, row.org_id)
      .bind(3, row.kind)
      .bind(4, row.topic)
      .bind(5, row.webhook_id)
      .bind(6, row.attempts)
      .bind(7, row.next_attempt_at)
      .bind(8, row.created_at)
      .bind(9, row.sealed)
      .run();
}

std::vector<OutboxRepository::DueRow> OutboxRepository::due(TimePoint at, std::int64_t most) {
  auto query = connection_.prepare(
      "SELECT id, webhook_id FROM outbox WHERE state = 'pending' AND next_attempt_at <= ?1 "
      "ORDER BY next_attempt_at, id LIMIT ?2");
  query.bind(1, at).bind(2, most);
  std::vector<DueRow> rows;
  while (query.step()) rows.push_back({.id = query.uuid(0), .webhook_id = query.optional_uuid(1)});
  return rows;
}

std::optional<OutboxRow> OutboxRepository::find_pending(const Uuid& id) {
  auto query = connection_.prepare(
      "SELECT id, org_id, kind, topic, webhook_id, attempts, next_attempt_at, created_at, sealed "
      "FROM outbox WHERE id = ?1 AND state = 'pending'");
  query.bind(1, id);
  if (!query.step()) return std::nullopt;
  return OutboxRow{.id = query.uuid(0),
                   .org_id = query.uuid(1),
                   .kind = query.text(2),
                   .topic = query.text(3),
                   .webhook_id = query.optional_uuid(4),
                   .attempts = query.integer(5),
                   .next_attempt_at = query.time(6),
                   .created_at = query.time(7),
                   .sealed = query.blob(8)};
}

void OutboxRepository::remove(const Uuid& id) {
  connection_.prepare("DELETE FROM outbox WHERE id = ?1").bind(1, id).run();
}

void OutboxRepository::postpone(const Uuid& id, TimePoint next, std::string_view reason) {
  connection_
      .prepare(
          "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ?2, last_error = ?3 "
          "WHERE id = ?1")
      .bind(1, id)
      .bind(2, next)
      .bind(3, reason)
      .run();
}

void OutboxRepository::hold(const Uuid& webhook_id, TimePoint until) {
  connection_
      .prepare(
          "UPDATE outbox SET next_attempt_at = ?2 "
          "WHERE webhook_id = ?1 AND state = 'pending' AND next_attempt_at < ?2")
      .bind(1, webhook_id)
      .bind(2, until)
      .run();
}

void OutboxRepository::bury(const Uuid& id, std::string_view reason) {
  connection_
      .prepare(
          "UPDATE outbox SET attempts = attempts + 1, state = 'dead', last_error = ?2, "
          "sealed = x'' WHERE id = ?1")
      .bind(1, id)
      .bind(2, reason)
      .run();
}

void OutboxRepository::purge_dead(TimePoint before) {
  connection_.prepare("DELETE FROM outbox WHERE state = 'dead' AND created_at < ?1")
      .bind(1, before)
      .run();
}

void OutboxRepository::remove_for_webhook(const Uuid& webhook_id) {
  connection_.prepare("DELETE FROM outbox WHERE webhook_id = ?1").bind(1, webhook_id).run();
}

}  // namespace oneclaw::store

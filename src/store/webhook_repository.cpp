#include "store/webhook_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, url, events, description, is_active, secret_sealed, created_by, "
    "created_at, updated_at, last_success_at, last_failure_at, last_failure FROM webhooks";

std::vector<WebhookRow> all(Statement& query) {
  std::vector<WebhookRow> rows;
  while (query.step()) {
    rows.push_back({.id = query.uuid(0),
                    .org_id = query.uuid(1),
                    .url = query.text(2),
                    .events = parse_string_list(query.text(3)),
                    .description = query.text(4),
                    .is_active = query.boolean(5),
                    .secret_sealed = query.blob(6),
                    .created_by = query.uuid(7),
                    .created_at = query.time(8),
                    .updated_at = query.time(9),
                    .last_success_at = query.optional_time(10),
                    .last_failure_at = query.optional_time(11),
                    .last_failure = query.optional_text(12)});
  }
  return rows;
}

}  // namespace

void WebhookRepository::insert(const WebhookRow& webhook) {
  connection_
      .prepare(
          "INSERT INTO webhooks (id, org_id, url, events, description, is_active, secret_sealed, "
          "created_by, created_at, updated_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
      .bind(1, webhook.id)
      .bind(2, webhook.org_id)
      .bind(3, webhook.url)
      .bind(4, to_json_list(webhook.events))
      .bind(5, webhook.description)
      .bind(6, webhook.is_active)
      .bind(7, webhook.secret_sealed)
      .bind(8, webhook.created_by)
      .bind(9, webhook.created_at)
      .bind(10, webhook.updated_at)
      .run();
}

std::optional<WebhookRow> WebhookRepository::find(const Uuid& org_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND org_id = ?2");
  auto rows = all(query.bind(1, id).bind(2, org_id));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<WebhookRow> WebhookRepository::list(const Uuid& org_id, std::int64_t limit) {
  auto query = connection_.prepare(kSelect + " WHERE org_id = ?1 ORDER BY id LIMIT ?2");
  return all(query.bind(1, org_id).bind(2, limit));
}

std::vector<WebhookRow> WebhookRepository::active(const Uuid& org_id) {
  auto query = connection_.prepare(kSelect + " WHERE org_id = ?1 AND is_active = 1 ORDER BY id");
  return all(query.bind(1, org_id));
}

std::int64_t WebhookRepository::count(const Uuid& org_id) {
  auto query = connection_.prepare("SELECT COUNT(*) FROM webhooks WHERE org_id = ?1");
  query.bind(1, org_id);
  query.step();
  return query.integer(0);
}

void WebhookRepository::update(const WebhookRow& webhook) {
  connection_
      .prepare(
          "UPDATE webhooks SET url = ?2, events = ?3, description = ?4, is_active = ?5, "
          "updated_at = ?6 WHERE id = ?1")
      .bind(1, webhook.id)
      .bind(2, webhook.url)
      .bind(3, to_json_list(webhook.events))
      .bind(4, webhook.description)
      .bind(5, webhook.is_active)
      .bind(6, webhook.updated_at)
      .run();
}

void WebhookRepository::note_success(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE webhooks SET last_success_at = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, at)
      .run();
}

void WebhookRepository::note_failure(const Uuid& id, TimePoint at, std::string_view reason) {
  connection_.prepare("UPDATE webhooks SET last_failure_at = ?2, last_failure = ?3 WHERE id = ?1")
      .bind(1, id)
      .bind(2, at)
      .bind(3, reason)
      .run();
}

bool WebhookRepository::remove(const Uuid& org_id, const Uuid& id) {
  connection_.prepare("DELETE FROM webhooks WHERE id = ?1 AND org_id = ?2")
      .bind(1, id)
      .bind(2, org_id)
      .run();
  return connection_.changes() == 1;
}

}  // namespace oneclaw::store

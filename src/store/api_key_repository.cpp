#include "store/api_key_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, user_id, name, lookup, mac, scopes, is_active, created_at, expires_at, "
    "last_used_at FROM api_keys";

std::vector<ApiKeyRow> all(Statement& query) {
  std::vector<ApiKeyRow> keys;
  while (query.step()) {
    keys.push_back({.id = query.uuid(0),
                    .org_id = query.uuid(1),
                    .user_id = query.uuid(2),
                    .name = query.text(3),
                    .lookup = query.text(4),
                    .mac = query.blob(5),
                    .scopes = parse_string_list(query.text(6)),
                    .is_active = query.boolean(7),
                    .created_at = query.time(8),
                    .expires_at = query.optional_time(9),
                    .last_used_at = query.optional_time(10)});
  }
  return keys;
}

std::optional<ApiKeyRow> one(Statement& query) {
  auto keys = all(query);
  if (keys.empty()) return std::nullopt;
  return std::move(keys.front());
}

}  // namespace

void ApiKeyRepository::insert(const ApiKeyRow& key) {
  connection_
      .prepare(
          "INSERT INTO api_keys (id, org_id, user_id, name, lookup, mac, scopes, is_active, "
          "created_at, expires_at, last_used_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
      .bind(1, key.id)
      .bind(2, key.org_id)
      .bind(3, key.user_id)
      .bind(4, key.name)
      .bind(5, key.lookup)
      .bind(6, key.mac)
      .bind(7, to_json_list(key.scopes))
      .bind(8, key.is_active)
      .bind(9, key.created_at)
      .bind(10, key.expires_at)
      .bind(11, key.last_used_at)
      .run();
}

std::optional<ApiKeyRow> ApiKeyRepository::find(const Uuid& org_id, const Uuid& user_id,
                                                const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND org_id = ?2 AND user_id = ?3");
  return one(query.bind(1, id).bind(2, org_id).bind(3, user_id));
}

std::optional<ApiKeyRow> ApiKeyRepository::find_by_id(const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1");
  return one(query.bind(1, id));
}

std::vector<ApiKeyRow> ApiKeyRepository::find_by_lookup(std::string_view lookup) {
  auto query = connection_.prepare(kSelect + " WHERE lookup = ?1");
  return all(query.bind(1, lookup));
}

std::vector<ApiKeyRow> ApiKeyRepository::list(const Uuid& user_id, std::optional<Uuid> after,
                                              std::int64_t limit) {
  auto query =
      connection_.prepare(kSelect + " WHERE user_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
  return all(query.bind(1, user_id).bind(2, after_or_start(after)).bind(3, limit));
}

bool ApiKeyRepository::revoke(const Uuid& org_id, const Uuid& user_id, const Uuid& id) {
  connection_
      .prepare(
          "UPDATE api_keys SET is_active = 0 "
          "WHERE id = ?1 AND org_id = ?2 AND user_id = ?3 AND is_active = 1")
      .bind(1, id)
      .bind(2, org_id)
      .bind(3, user_id)
      .run();
  transaction_.touch(Topic::kApiKey, id);
  return connection_.changes() == 1;
}

void ApiKeyRepository::touch(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, at)
      .run();
}

}  // namespace oneclaw::store

#include "store/key_repository.h"

namespace oneclaw::store {

void KeyRepository::insert_signing_key(const SigningKeyRow& key) {
  connection_
      .prepare(
          "INSERT INTO signing_keys (kid, public_key, root_key_id, wrapped, created_at, "
          "retired_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(1, key.kid)
      .bind(2, key.public_key)
      .bind(3, key.root_key_id)
      .bind(4, key.wrapped)
      .bind(5, key.created_at)
      .bind(6, key.retired_at)
      .run();
}

std::vector<SigningKeyRow> KeyRepository::signing_keys() {
  auto query = connection_.prepare(
      "SELECT kid, public_key, root_key_id, wrapped, created_at, retired_at FROM signing_keys "
      "ORDER BY created_at DESC, kid");
  std::vector<SigningKeyRow> keys;
  while (query.step()) {
    keys.push_back({.kid = query.text(0),
                    .public_key = query.blob(1),
                    .root_key_id = query.text(2),
                    .wrapped = query.blob(3),
                    .created_at = query.time(4),
                    .retired_at = query.optional_time(5)});
  }
  return keys;
}

void KeyRepository::insert_server_key(const ServerKeyRow& key) {
  connection_
      .prepare(
          "INSERT INTO server_keys (name, root_key_id, wrapped, created_at) "
          "VALUES (?1, ?2, ?3, ?4)")
      .bind(1, key.name)
      .bind(2, key.root_key_id)
      .bind(3, key.wrapped)
      .bind(4, key.created_at)
      .run();
}

std::optional<ServerKeyRow> KeyRepository::server_key(std::string_view name) {
  auto query = connection_.prepare(
      "SELECT name, root_key_id, wrapped, created_at FROM server_keys WHERE name = ?1");
  query.bind(1, name);
  if (!query.step()) return std::nullopt;
  return ServerKeyRow{.name = query.text(0),
                      .root_key_id = query.text(1),
                      .wrapped = query.blob(2),
                      .created_at = query.time(3)};
}

std::vector<ServerKeyRow> KeyRepository::server_keys() {
  auto query =
      connection_.prepare("SELECT name, root_key_id, wrapped, created_at FROM server_keys");
  std::vector<ServerKeyRow> keys;
  while (query.step()) {
    keys.push_back({.name = query.text(0),
                    .root_key_id = query.text(1),
                    .wrapped = query.blob(2),
                    .created_at = query.time(3)});
  }
  return keys;
}

void KeyRepository::retire_signing_key(std::string_view kid, TimePoint at) {
  connection_.prepare("UPDATE signing_keys SET retired_at = ?2 WHERE kid = ?1")
      .bind(1, kid)
      .bind(2, at)
      .run();
}

std::int64_t KeyRepository::remove_retired_signing_keys(TimePoint before) {
  connection_.prepare("DELETE FROM signing_keys WHERE retired_at < ?1").bind(1, before).run();
  return connection_.changes();
}

void KeyRepository::rewrap_signing_key(std::string_view kid, std::string_view root_key_id,
                                       ByteView wrapped) {
  connection_.prepare("UPDATE signing_keys SET root_key_id = ?2, wrapped = ?3 WHERE kid = ?1")
      .bind(1, kid)
      .bind(2, root_key_id)
      .bind(3, wrapped)
      .run();
}

void KeyRepository::rewrap_server_key(std::string_view name, std::string_view root_key_id,
                                      ByteView wrapped) {
  connection_.prepare("UPDATE server_keys SET root_key_id = ?2, wrapped = ?3 WHERE name = ?1")
      .bind(1, name)
      .bind(2, root_key_id)
      .bind(3, wrapped)
      .run();
}

}  // namespace oneclaw::store

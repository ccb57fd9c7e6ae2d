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

}  // namespace oneclaw::store

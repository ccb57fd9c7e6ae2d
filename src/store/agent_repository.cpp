#include "store/agent_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, name, description, auth_method, scopes, vault_ids, is_active, "
    "token_ttl_seconds, expires_at, api_key_expires_at, key_lookup, key_mac, ssh_public_key, "
    "ecdh_public_key, token_version, extra, created_by, created_by_type, created_at, "
    "last_active_at FROM agents WHERE deleted_at IS NULL";

std::vector<AgentRow> all(Statement& query) {
  std::vector<AgentRow> agents;
  while (query.step()) {
    agents.push_back({.id = query.uuid(0),
                      .org_id = query.uuid(1),
                      .name = query.text(2),
                      .description = query.text(3),
                      .auth_method = query.text(4),
                      .scopes = parse_string_list(query.text(5)),
                      .vault_ids = parse_uuid_list(query.text(6)),
                      .is_active = query.boolean(7),
                      .token_ttl_seconds = query.optional_integer(8),
                      .expires_at = query.optional_time(9),
                      .api_key_expires_at = query.optional_time(10),
                      .key_lookup = query.text(11),
                      .key_mac = query.blob(12),
                      .ssh_public_key = query.text(13),
                      .ecdh_public_key = query.text(14),
                      .token_version = query.integer(15),
                      .extra = query.text(16),
                      .created_by = query.uuid(17),
                      .created_by_type = query.text(18),
                      .created_at = query.time(19),
                      .last_active_at = query.optional_time(20)});
  }
  return agents;
}

std::optional<AgentRow> one(Statement& query) {
  auto agents = all(query);
  if (agents.empty()) return std::nullopt;
  return std::move(agents.front());
}

}  // namespace

void AgentRepository::insert(const AgentRow& agent) {
  connection_
      .prepare(
          "INSERT INTO agents (id, org_id, name, description, auth_method, scopes, vault_ids, "
          "is_active, token_ttl_seconds, expires_at, api_key_expires_at, key_lookup, key_mac, "
          "ssh_public_key, ecdh_public_key, token_version, extra, created_by, created_by_type, "
          "created_at, last_active_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
          "?18, ?19, ?20, ?21)")
      .bind(1, agent.id)
      .bind(2, agent.org_id)
      .bind(3, agent.name)
      .bind(4, agent.description)
      .bind(5, agent.auth_method)
      .bind(6, to_json_list(agent.scopes))
      .bind(7, to_json_list(agent.vault_ids))
      .bind(8, agent.is_active)
      .bind(9, agent.token_ttl_seconds)
      .bind(10, agent.expires_at)
      .bind(11, agent.api_key_expires_at)
      .bind(12, agent.key_lookup)
      .bind(13, agent.key_mac)
      .bind(14, agent.ssh_public_key)
      .bind(15, agent.ecdh_public_key)
      .bind(16, agent.token_version)
      .bind(17, agent.extra)
      .bind(18, agent.created_by)
      .bind(19, agent.created_by_type)
      .bind(20, agent.created_at)
      .bind(21, agent.last_active_at)
      .run();
}

std::optional<AgentRow> AgentRepository::find(const Uuid& org_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " AND id = ?1 AND org_id = ?2");
  return one(query.bind(1, id).bind(2, org_id));
}

std::optional<AgentRow> AgentRepository::find_by_id(const Uuid& id) {
  auto query = connection_.prepare(kSelect + " AND id = ?1");
  return one(query.bind(1, id));
}

std::vector<AgentRow> AgentRepository::find_by_lookup(std::string_view lookup) {
  auto query = connection_.prepare(kSelect + " AND key_lookup = ?1");
  return all(query.bind(1, lookup));
}

std::vector<AgentRow> AgentRepository::list(const Uuid& org_id, std::optional<Uuid> after,
                                            std::int64_t limit) {
  auto query = connection_.prepare(kSelect + " AND org_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
  return all(query.bind(1, org_id).bind(2, after_or_start(after)).bind(3, limit));
}

bool AgentRepository::update(const AgentRow& agent) {
  connection_
      .prepare(
          "UPDATE agents SET name = ?2, description = ?3, auth_method = ?4, scopes = ?5, "
          "vault_ids = ?6, is_active = ?7, token_ttl_seconds = ?8, expires_at = ?9, "
          "api_key_expires_at = ?10, ssh_public_key = ?11, ecdh_public_key = ?12, extra = ?13 "
          "WHERE id = ?1 AND deleted_at IS NULL")
      .bind(1, agent.id)
      .bind(2, agent.name)
      .bind(3, agent.description)
      .bind(4, agent.auth_method)
      .bind(5, to_json_list(agent.scopes))
      .bind(6, to_json_list(agent.vault_ids))
      .bind(7, agent.is_active)
      .bind(8, agent.token_ttl_seconds)
      .bind(9, agent.expires_at)
      .bind(10, agent.api_key_expires_at)
      .bind(11, agent.ssh_public_key)
      .bind(12, agent.ecdh_public_key)
      .bind(13, agent.extra)
      .run();
  transaction_.touch(Topic::kAgent, agent.id);
  return connection_.changes() == 1;
}

bool AgentRepository::bump_token_version(const Uuid& id) {
  connection_
      .prepare(
          "UPDATE agents SET token_version = token_version + 1 "
          "WHERE id = ?1 AND deleted_at IS NULL")
      .bind(1, id)
      .run();
  transaction_.touch(Topic::kAgent, id);
  return connection_.changes() == 1;
}

bool AgentRepository::set_key(const Uuid& id, std::string_view lookup, ByteView mac,
                              std::optional<TimePoint> expires_at) {
  connection_
      .prepare(
          "UPDATE agents SET key_lookup = ?2, key_mac = ?3, api_key_expires_at = ?4 "
          "WHERE id = ?1 AND deleted_at IS NULL")
      .bind(1, id)
      .bind(2, lookup)
      .bind(3, mac)
      .bind(4, expires_at)
      .run();
  transaction_.touch(Topic::kAgent, id);
  return connection_.changes() == 1;
}

bool AgentRepository::remove(const Uuid& org_id, const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE agents SET deleted_at = ?3, is_active = 0, token_version = token_version + 1 "
          "WHERE id = ?1 AND org_id = ?2 AND deleted_at IS NULL")
      .bind(1, id)
      .bind(2, org_id)
      .bind(3, at)
      .run();
  transaction_.touch(Topic::kAgent, id);
  return connection_.changes() == 1;
}

bool AgentRepository::touch(const Uuid& id, TimePoint at) {
  connection_.prepare("UPDATE agents SET last_active_at = ?2 WHERE id = ?1 AND deleted_at IS NULL")
      .bind(1, id)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

}  // namespace oneclaw::store

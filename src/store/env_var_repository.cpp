#include "store/env_var_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT e.id, e.vault_id, e.key, e.environments, e.git_branch, e.sensitive, e.comment, "
    "e.version, e.created_by, e.created_by_type, e.created_at, e.updated_at, e.kek_version, "
    "e.wrapped_dek, e.ciphertext FROM env_vars e";

std::vector<EnvVarRow> all(Statement& query) {
  std::vector<EnvVarRow> variables;
  while (query.step()) {
    variables.push_back({.id = query.uuid(0),
                         .vault_id = query.uuid(1),
                         .key = query.text(2),
                         .environments = parse_string_list(query.text(3)),
                         .git_branch = query.optional_text(4),
                         .sensitive = query.boolean(5),
                         .comment = query.optional_text(6),
                         .version = query.integer(7),
                         .created_by = query.uuid(8),
                         .created_by_type = query.text(9),
                         .created_at = query.time(10),
                         .updated_at = query.time(11),
                         .kek_version = query.integer(12),
                         .wrapped_dek = query.blob(13),
                         .ciphertext = query.blob(14)});
  }
  return variables;
}

}  // namespace

void EnvVarRepository::insert_environment(const EnvironmentRow& environment) {
  connection_
      .prepare(
          "INSERT INTO environments (id, vault_id, slug, description, copied_from, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(1, environment.id)
      .bind(2, environment.vault_id)
      .bind(3, environment.slug)
      .bind(4, environment.description)
      .bind(5, environment.copied_from)
      .bind(6, environment.created_at)
      .run();
}

std::vector<EnvironmentRow> EnvVarRepository::environments(const Uuid& vault_id) {
  auto query = connection_.prepare(
      "SELECT id, vault_id, slug, description, copied_from, created_at FROM environments "
      "WHERE vault_id = ?1 ORDER BY slug");
  query.bind(1, vault_id);
  std::vector<EnvironmentRow> environments;
  while (query.step()) {
    environments.push_back({.id = query.uuid(0),
                            .vault_id = query.uuid(1),
                            .slug = query.text(2),
                            .description = query.optional_text(3),
                            .copied_from = query.optional_text(4),
                            .created_at = query.time(5)});
  }
  return environments;
}

bool EnvVarRepository::remove_environment(const Uuid& vault_id, std::string_view slug) {
  connection_.prepare("DELETE FROM environments WHERE vault_id = ?1 AND slug = ?2")
      .bind(1, vault_id)
      .bind(2, slug)
      .run();
  return connection_.changes() == 1;
}

void EnvVarRepository::insert(const EnvVarRow& variable) {
  connection_
      .prepare(
          "INSERT INTO env_vars (id, vault_id, key, environments, git_branch, sensitive, comment, "
          "version, created_by, created_by_type, created_at, updated_at, kek_version, wrapped_dek, "
          "ciphertext) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)")
      .bind(1, variable.id)
      .bind(2, variable.vault_id)
      .bind(3, variable.key)
      .bind(4, to_json_list(variable.environments))
      .bind(5, variable.git_branch)
      .bind(6, variable.sensitive)
      .bind(7, variable.comment)
      .bind(8, variable.version)
      .bind(9, variable.created_by)
      .bind(10, variable.created_by_type)
      .bind(11, variable.created_at)
      .bind(12, variable.updated_at)
      .bind(13, variable.kek_version)
      .bind(14, variable.wrapped_dek)
      .bind(15, variable.ciphertext)
      .run();
  insert_slots(variable);
}

void EnvVarRepository::update(const EnvVarRow& variable) {
  connection_
      .prepare(
          "UPDATE env_vars SET environments = ?2, sensitive = ?3, comment = ?4, version = ?5, "
          "updated_at = ?6, kek_version = ?7, wrapped_dek = ?8, ciphertext = ?9 WHERE id = ?1")
      .bind(1, variable.id)
      .bind(2, to_json_list(variable.environments))
      .bind(3, variable.sensitive)
      .bind(4, variable.comment)
      .bind(5, variable.version)
      .bind(6, variable.updated_at)
      .bind(7, variable.kek_version)
      .bind(8, variable.wrapped_dek)
      .bind(9, variable.ciphertext)
      .run();
  remove_slots(variable.id);
  insert_slots(variable);
}

void EnvVarRepository::remove(const EnvVarRow& variable) {
  remove_slots(variable.id);
  connection_.prepare("DELETE FROM env_var_links WHERE variable_id = ?1")
      .bind(1, variable.id)
      .run();
  connection_.prepare("DELETE FROM env_vars WHERE id = ?1").bind(1, variable.id).run();
}

void EnvVarRepository::rewrap(const Uuid& id, std::int64_t version, std::int64_t from,
                              std::int64_t to, ByteView wrapped_dek) {
  connection_
      .prepare(
          "UPDATE env_vars SET kek_version = ?4, wrapped_dek = ?5 "
          "WHERE id = ?1 AND version = ?2 AND kek_version = ?3")
      .bind(1, id)
      .bind(2, version)
      .bind(3, from)
      .bind(4, to)
      .bind(5, wrapped_dek)
      .run();
}

std::optional<EnvVarRow> EnvVarRepository::find(const Uuid& vault_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE e.vault_id = ?1 AND e.id = ?2");
  auto variables = all(query.bind(1, vault_id).bind(2, id));
  if (variables.empty()) return std::nullopt;
  return std::move(variables.front());
}

std::vector<EnvVarRow> EnvVarRepository::with_key(const Uuid& vault_id, std::string_view key) {
  auto query = connection_.prepare(kSelect + " WHERE e.vault_id = ?1 AND e.key = ?2 ORDER BY e.id");
  return all(query.bind(1, vault_id).bind(2, key));
}

std::vector<EnvVarRow> EnvVarRepository::list(const Uuid& vault_id) {
  auto query = connection_.prepare(kSelect + " WHERE e.vault_id = ?1 ORDER BY e.key, e.id");
  return all(query.bind(1, vault_id));
}

std::vector<EnvVarRow> EnvVarRepository::linked_to(const Uuid& vault_id) {
  auto query = connection_.prepare(kSelect +
                                   " JOIN env_var_links l ON l.variable_id = e.id "
                                   "WHERE l.vault_id = ?1 ORDER BY e.key, e.id");
  return all(query.bind(1, vault_id));
}

std::int64_t EnvVarRepository::count(const Uuid& vault_id) {
  auto query = connection_.prepare("SELECT COUNT(*) FROM env_vars WHERE vault_id = ?1");
  query.bind(1, vault_id).step();
  return query.integer(0);
}

bool EnvVarRepository::link(const Uuid& variable_id, const Uuid& vault_id, TimePoint at) {
  connection_
      .prepare(
          "INSERT INTO env_var_links (variable_id, vault_id, created_at) VALUES (?1, ?2, ?3) "
          "ON CONFLICT (variable_id, vault_id) DO NOTHING")
      .bind(1, variable_id)
      .bind(2, vault_id)
      .bind(3, at)
      .run();
  return connection_.changes() == 1;
}

bool EnvVarRepository::unlink(const Uuid& variable_id, const Uuid& vault_id) {
  connection_.prepare("DELETE FROM env_var_links WHERE variable_id = ?1 AND vault_id = ?2")
      .bind(1, variable_id)
      .bind(2, vault_id)
      .run();
  return connection_.changes() == 1;
}

std::vector<Uuid> EnvVarRepository::linked_vaults(const Uuid& variable_id) {
  auto query = connection_.prepare(
      "SELECT l.vault_id FROM env_var_links l JOIN vaults v ON v.id = l.vault_id "
      "WHERE l.variable_id = ?1 AND v.deleted_at IS NULL ORDER BY l.vault_id");
  query.bind(1, variable_id);
  std::vector<Uuid> vaults;
  while (query.step()) vaults.push_back(query.uuid(0));
  return vaults;
}

void EnvVarRepository::insert_slots(const EnvVarRow& variable) {
  for (const std::string& environment : variable.environments) {
    connection_
        .prepare(
            "INSERT INTO env_var_slots (vault_id, key, environment, git_branch, variable_id) "
            "VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(1, variable.vault_id)
        .bind(2, variable.key)
        .bind(3, environment)
        .bind(4, variable.git_branch.value_or(""))
        .bind(5, variable.id)
        .run();
  }
}

void EnvVarRepository::remove_slots(const Uuid& variable_id) {
  connection_.prepare("DELETE FROM env_var_slots WHERE variable_id = ?1")
      .bind(1, variable_id)
      .run();
}

}  // namespace oneclaw::store

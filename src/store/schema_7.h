// Schema version 7: bindings and executions. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema7 = R"sql(
CREATE TABLE bindings (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  agent_id BLOB NOT NULL REFERENCES agents (id),
  binding_type TEXT NOT NULL,
  name TEXT NOT NULL,
  config TEXT NOT NULL,
  guardrails TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  credential_sealed BLOB,
  credential_vault_id BLOB,
  credential_path TEXT,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (agent_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  agent_id BLOB NOT NULL REFERENCES agents (id),
  binding_id BLOB NOT NULL,
  intent_type TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('success', 'error', 'denied')),
  request_summary TEXT NOT NULL,
  result_summary TEXT,
  error_message TEXT,
  duration_ms INTEGER NOT NULL,
  redactions_applied INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_by_agent ON executions (agent_id, id);
CREATE INDEX executions_by_binding ON executions (binding_id, created_at);
)sql";

}  // namespace oneclaw::store

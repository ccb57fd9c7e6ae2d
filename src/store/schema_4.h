// Schema version 4: environment variables, rotation, CMEK, usage, IP rules. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema4 = R"sql(
CREATE TABLE environments (
  id BLOB NOT NULL PRIMARY KEY,
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  slug TEXT NOT NULL,
  description TEXT,
  copied_from TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (vault_id, slug)
) STRICT, WITHOUT ROWID;

-- With rowids, and the long columns last, as secret_versions.
CREATE TABLE env_vars (
  id BLOB NOT NULL PRIMARY KEY,
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  key TEXT NOT NULL,
  environments TEXT NOT NULL,
  git_branch TEXT,
  sensitive INTEGER NOT NULL,
  comment TEXT,
  version INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped_dek BLOB NOT NULL,
  ciphertext BLOB NOT NULL
) STRICT;
CREATE INDEX env_vars_by_key ON env_vars (vault_id, key, id);

-- One variable for each key, environment and branch ('' for none).
CREATE TABLE env_var_slots (
  vault_id BLOB NOT NULL,
  key TEXT NOT NULL,
  environment TEXT NOT NULL,
  git_branch TEXT NOT NULL,
  variable_id BLOB NOT NULL REFERENCES env_vars (id),
  PRIMARY KEY (vault_id, key, environment, git_branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX env_var_slots_by_variable ON env_var_slots (variable_id);

-- An org's variables (of its system vault) in the vaults that take them over.
CREATE TABLE env_var_links (
  variable_id BLOB NOT NULL REFERENCES env_vars (id),
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (variable_id, vault_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX env_var_links_by_vault ON env_var_links (vault_id);

CREATE TABLE rotation_policies (
  secret_id BLOB NOT NULL PRIMARY KEY REFERENCES secrets (id),
  org_id BLOB NOT NULL REFERENCES orgs (id),
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  interval_seconds INTEGER NOT NULL,
  length INTEGER NOT NULL,
  charset TEXT NOT NULL,
  created_by BLOB NOT NULL,
  next_rotation_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rotation_policies_by_time ON rotation_policies (next_rotation_at);
CREATE INDEX rotation_policies_by_vault ON rotation_policies (vault_id);

ALTER TABLE vaults ADD COLUMN cmek_fingerprint TEXT;
ALTER TABLE secret_versions ADD COLUMN cmek_fingerprint TEXT;

CREATE TABLE cmek_rotations (
  id BLOB NOT NULL PRIMARY KEY,
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  old_fingerprint TEXT NOT NULL,
  new_fingerprint TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed')),
  total INTEGER NOT NULL,
  processed INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  error TEXT,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cmek_rotations_open ON cmek_rotations (vault_id)
  WHERE status IN ('pending', 'running');

CREATE TABLE ip_rules (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  rule_type TEXT NOT NULL CHECK (rule_type IN ('allow', 'deny')),
  cidr TEXT NOT NULL,
  label TEXT NOT NULL,
  applies_to TEXT NOT NULL CHECK (applies_to IN ('all', 'users', 'agents')),
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (org_id, rule_type, cidr, applies_to)
) STRICT, WITHOUT ROWID;

-- How far each org's audit chain has been counted.
CREATE TABLE usage_cursors (
  org_id BLOB NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `month` is the number of months since January 1970 (UTC).
CREATE TABLE usage_counts (
  org_id BLOB NOT NULL,
  month INTEGER NOT NULL,
  principal_type TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  action TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (org_id, month, principal_type, principal_id, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE org_billing (
  org_id BLOB NOT NULL PRIMARY KEY REFERENCES orgs (id),
  overage_method TEXT NOT NULL,
  overage_month INTEGER NOT NULL,
  overage_requests INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credit_entries (
  org_id BLOB NOT NULL REFERENCES orgs (id),
  sequence INTEGER NOT NULL,
  id BLOB NOT NULL UNIQUE,
  type TEXT NOT NULL CHECK (type IN ('grant', 'usage', 'expiry')),
  amount_cents INTEGER NOT NULL,
  balance_after_cents INTEGER NOT NULL CHECK (balance_after_cents >= 0),
  description TEXT NOT NULL,
  reference TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, sequence),
  UNIQUE (org_id, reference)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace oneclaw::store

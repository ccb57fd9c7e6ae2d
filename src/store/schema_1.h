// Schema version 1. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

// Ids are 16-byte blobs, times microseconds since the Unix epoch, booleans 0 or 1.
inline constexpr std::string_view kSchema1 = R"sql(
CREATE TABLE orgs (
  id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  password_hash TEXT,
  auth_method TEXT NOT NULL CHECK (auth_method IN ('password', 'google')),
  google_subject TEXT UNIQUE,
  email_verified INTEGER NOT NULL,
  marketing_emails INTEGER NOT NULL,
  totp_enabled INTEGER NOT NULL DEFAULT 0,
  is_active INTEGER NOT NULL,
  token_version INTEGER NOT NULL,
  home_org_id BLOB NOT NULL REFERENCES orgs (id),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  org_id BLOB NOT NULL REFERENCES orgs (id),
  user_id BLOB NOT NULL REFERENCES users (id),
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh_tokens (
  token_mac BLOB NOT NULL PRIMARY KEY,
  family_id BLOB NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id),
  org_id BLOB NOT NULL REFERENCES orgs (id),
  token_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  spent_at INTEGER,
  revoked_at INTEGER,
  api_key_id BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE revoked_tokens (
  token_id BLOB NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

CREATE TABLE api_keys (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  user_id BLOB NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  lookup TEXT NOT NULL,
  mac BLOB NOT NULL,
  scopes TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);
CREATE INDEX api_keys_by_lookup ON api_keys (lookup);

CREATE TABLE agents (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  scopes TEXT NOT NULL,
  vault_ids TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  token_ttl_seconds INTEGER,
  expires_at INTEGER,
  api_key_expires_at INTEGER,
  key_lookup TEXT NOT NULL,
  key_mac BLOB NOT NULL,
  ssh_public_key TEXT NOT NULL,
  ecdh_public_key TEXT NOT NULL,
  token_version INTEGER NOT NULL,
  extra TEXT NOT NULL DEFAULT '{}',
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_active_at INTEGER,
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX agents_by_org ON agents (org_id, id) WHERE deleted_at IS NULL;
CREATE INDEX agents_by_lookup ON agents (key_lookup) WHERE deleted_at IS NULL;

CREATE TABLE vaults (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  is_system INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vaults_by_name ON vaults (org_id, name) WHERE deleted_at IS NULL;
CREATE INDEX vaults_by_org ON vaults (org_id, id) WHERE deleted_at IS NULL;

CREATE TABLE vault_keks (
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  version INTEGER NOT NULL,
  root_key_id TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (vault_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  id BLOB NOT NULL PRIMARY KEY,
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  path TEXT NOT NULL,
  current_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  UNIQUE (vault_id, path)
) STRICT, WITHOUT ROWID;

-- With rowids, and the long columns last: lists need not touch a ciphertext's pages.
CREATE TABLE secret_versions (
  secret_id BLOB NOT NULL REFERENCES secrets (id),
  version INTEGER NOT NULL,
  type TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  max_access_count INTEGER,
  access_count INTEGER NOT NULL,
  is_disabled INTEGER NOT NULL,
  kek_version INTEGER NOT NULL,
  wrapped_dek BLOB NOT NULL,
  ciphertext BLOB NOT NULL,
  PRIMARY KEY (secret_id, version)
) STRICT;

CREATE TABLE policies (
  id BLOB NOT NULL PRIMARY KEY,
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  org_id BLOB NOT NULL REFERENCES orgs (id),
  secret_path_pattern TEXT NOT NULL,
  principal_type TEXT NOT NULL CHECK (principal_type IN ('user', 'agent')),
  principal_id BLOB NOT NULL,
  permissions INTEGER NOT NULL,
  effect TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
  priority INTEGER NOT NULL,
  conditions TEXT NOT NULL,
  expires_at INTEGER,
  extra TEXT NOT NULL DEFAULT '{}',
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX policies_by_vault ON policies (vault_id, id);
CREATE INDEX policies_by_principal ON policies (principal_id, vault_id);

CREATE TABLE audit_events (
  org_id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  id BLOB NOT NULL,
  action TEXT NOT NULL,
  actor_type TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  details TEXT NOT NULL,
  ip_address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  prev_event_id BLOB,
  integrity_hash BLOB NOT NULL,
  PRIMARY KEY (org_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_by_time ON audit_events (org_id, created_at, sequence);

CREATE TABLE audit_heads (
  org_id BLOB NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  public_key BLOB NOT NULL,
  root_key_id TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE server_keys (
  name TEXT NOT NULL PRIMARY KEY,
  root_key_id TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace oneclaw::store

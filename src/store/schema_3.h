// Schema version 3: account recovery, MFA, device log-in, enrolment, approvals. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema3 = R"sql(
-- A sign-up whose address isn't proven yet: the account is made when it is.
CREATE TABLE pending_signups (
  token_mac BLOB NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  display_name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_signups_by_email ON pending_signups (email);
CREATE INDEX pending_signups_by_expiry ON pending_signups (expires_at);

-- Tokens and codes that work once: by the MAC of what was handed out.
CREATE TABLE one_time_tokens (
  token_mac BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  purpose TEXT NOT NULL CHECK (purpose IN ('password_reset', 'email_change', 'mfa')),
  user_id BLOB NOT NULL REFERENCES users (id),
  email TEXT NOT NULL,
  failures INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

CREATE TABLE totp_secrets (
  user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
  sealed BLOB NOT NULL,
  is_confirmed INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
  user_id BLOB NOT NULL REFERENCES users (id),
  code_mac BLOB NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (user_id, code_mac)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_codes (
  device_mac BLOB NOT NULL PRIMARY KEY,
  user_code TEXT NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied')),
  user_id BLOB REFERENCES users (id),
  interval_seconds INTEGER NOT NULL,
  polled_at INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);

-- An enrolment's id is the id of the agent that comes of it.
CREATE TABLE enrolments (
  id BLOB NOT NULL PRIMARY KEY,
  poll_mac BLOB NOT NULL,
  link_mac BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  human_email TEXT,
  fingerprint TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'collected')),
  org_id BLOB REFERENCES orgs (id),
  decided_by BLOB REFERENCES users (id),
  decided_at INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_email ON enrolments (human_email, created_at);
CREATE INDEX enrolments_by_expiry ON enrolments (expires_at);

-- What a policy's consensus_trigger asks for, as JSON; null: no approval is asked for.
ALTER TABLE policies ADD COLUMN approval TEXT;

CREATE TABLE approvals (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  requester_type TEXT NOT NULL CHECK (requester_type IN ('user', 'agent')),
  requester_id BLOB NOT NULL,
  addressed_to BLOB NOT NULL REFERENCES users (id),
  action TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  vault_id BLOB,
  path TEXT,
  policy_id BLOB,
  roles TEXT NOT NULL,
  risk_tier INTEGER NOT NULL,
  summary TEXT NOT NULL,
  reason TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
  decision_reason TEXT,
  decided_by BLOB REFERENCES users (id),
  decided_at INTEGER,
  grant_seconds INTEGER NOT NULL,
  grant_expires_at INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_org ON approvals (org_id, id);
CREATE INDEX approvals_by_requester ON approvals (requester_id, id);
CREATE INDEX approvals_open ON approvals (requester_id, expires_at) WHERE status = 'pending';
CREATE INDEX approvals_granted ON approvals (requester_id, vault_id, grant_expires_at)
  WHERE status = 'approved' AND vault_id IS NOT NULL;
)sql";

}  // namespace oneclaw::store

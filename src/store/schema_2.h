// Schema version 2: outbox, webhooks, shares, invitations. Never edit it once released: add a
// migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

// `sealed` columns are service::FieldSeal's; `mac` columns are HMACs of 256-bit random tokens.
inline constexpr std::string_view kSchema2 = R"sql(
-- With rowids, and the long column last: the dispatcher's query need not touch the bodies.
CREATE TABLE outbox (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('email', 'webhook')),
  topic TEXT NOT NULL,
  webhook_id BLOB,
  state TEXT NOT NULL CHECK (state IN ('pending', 'dead')),
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (created_at) WHERE state = 'dead';
CREATE INDEX outbox_by_webhook ON outbox (webhook_id) WHERE webhook_id IS NOT NULL;

CREATE TABLE webhooks (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  description TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  secret_sealed BLOB NOT NULL,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_success_at INTEGER,
  last_failure_at INTEGER,
  last_failure TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_org ON webhooks (org_id, id);

CREATE TABLE shares (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  vault_id BLOB NOT NULL REFERENCES vaults (id),
  secret_id BLOB NOT NULL REFERENCES secrets (id),
  link_mac BLOB UNIQUE,
  recipient_type TEXT NOT NULL CHECK (recipient_type IN
    ('user', 'agent', 'creator', 'external_email', 'anyone_with_link')),
  recipient_id BLOB,
  recipient_email TEXT,
  passphrase_hash TEXT,
  passphrase_tries INTEGER NOT NULL,
  ip_allowlist TEXT NOT NULL,
  max_access_count INTEGER,
  access_count INTEGER NOT NULL,
  created_by BLOB NOT NULL,
  created_by_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  accepted_at INTEGER,
  declined_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX shares_by_author ON shares (created_by, id);
CREATE INDEX shares_by_recipient ON shares (recipient_id, id) WHERE recipient_id IS NOT NULL;
CREATE INDEX shares_unclaimed ON shares (recipient_email)
  WHERE recipient_email IS NOT NULL AND recipient_id IS NULL;

CREATE TABLE invitations (
  id BLOB NOT NULL PRIMARY KEY,
  org_id BLOB NOT NULL REFERENCES orgs (id),
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  token_mac BLOB NOT NULL UNIQUE,
  invited_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  accepted_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_org ON invitations (org_id, id);
)sql";

}  // namespace oneclaw::store

// Schema version 10: shares by secret and expiry, approvals by several people. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema10 = R"sql(
CREATE INDEX shares_by_secret ON shares (secret_id);
CREATE INDEX shares_by_expiry ON shares (expires_at);

ALTER TABLE approvals ADD COLUMN required_approvals INTEGER NOT NULL DEFAULT 1;
-- A cancelled request has the status 'rejected' and no decider.
ALTER TABLE approvals ADD COLUMN cancelled_at INTEGER;
ALTER TABLE approvals ADD COLUMN executed_at INTEGER;

CREATE TABLE approval_signatures (
  approval_id BLOB NOT NULL REFERENCES approvals (id),
  approver_id BLOB NOT NULL REFERENCES users (id),
  id BLOB NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
  reason TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (approval_id, approver_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_signatures_by_approver ON approval_signatures (approver_id);
)sql";

}  // namespace oneclaw::store

// Schema version 5: key custody. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema5 = R"sql(
-- The MACs of row_seal.h. Rows from before are sealed at the next start.
ALTER TABLE vaults ADD COLUMN mac BLOB;
ALTER TABLE secrets ADD COLUMN mac BLOB;
ALTER TABLE secret_versions ADD COLUMN mac BLOB;

-- One row a rotation of a root key or of a vault's KEK; `done` and the cursor move with each batch
-- of rows that was rewrapped, in its transaction.
CREATE TABLE key_rotations (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('root', 'vault')),
  org_id BLOB,
  vault_id BLOB,
  target TEXT NOT NULL,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  cursor_id BLOB NOT NULL,
  cursor_path TEXT NOT NULL,
  cursor_version INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  cleaned_at INTEGER
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace oneclaw::store

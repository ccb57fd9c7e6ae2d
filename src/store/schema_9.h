// Schema version 9: where audit chains begin once their oldest events are gone. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema9 = R"sql(
CREATE TABLE audit_anchors (
  org_id BLOB NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  hash BLOB NOT NULL,
  until INTEGER NOT NULL,
  removed_at INTEGER NOT NULL,
  mac BLOB
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace oneclaw::store

// Schema version 8: leases of background tasks. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema8 = R"sql(
CREATE TABLE leases (
  name TEXT NOT NULL PRIMARY KEY,
  holder BLOB NOT NULL,
  held_until INTEGER NOT NULL,
  done_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace oneclaw::store

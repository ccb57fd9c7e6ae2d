// Schema version 5: key custody. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema5 = R"sql(
-- The MACs of row_seal.h. Rows from before are sealed at the next start.
ALTER TABLE vaults ADD COLUMN mac BLOB;
ALTER TABLE secrets ADD COLUMN mac BLOB;
ALTER TABLE secret_versions ADD COLUMN mac BLOB;
)sql";

}  // namespace oneclaw::store

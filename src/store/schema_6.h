// Schema version 6: speed. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema6 = R"sql(
-- A chain's times never go back, so a search by sequence finds a time.
DROP INDEX audit_events_by_time;
)sql";

}  // namespace oneclaw::store

// Schema version 5: key custody. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema5 = R"sql(
)sql";

}  // namespace oneclaw::store

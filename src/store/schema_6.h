// Schema version 6: speed. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema6 = R"sql(
)sql";

}  // namespace oneclaw::store

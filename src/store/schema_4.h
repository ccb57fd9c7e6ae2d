// Schema version 4: environment variables, rotation, CMEK, usage, IP rules. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema4 = R"sql(
)sql";

}  // namespace oneclaw::store

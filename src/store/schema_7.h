// Schema version 7: bindings and executions. Never edit it once released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema7 = R"sql(
)sql";

}  // namespace oneclaw::store

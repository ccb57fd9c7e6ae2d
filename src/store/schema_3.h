// Schema version 3: account recovery, MFA, device log-in, enrolment, approvals. Never edit it once
// released: add a migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema3 = R"sql(
)sql";

}  // namespace oneclaw::store

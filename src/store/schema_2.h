// Schema version 2: outbox, webhooks, shares, invitations. Never edit it once released: add a
// migration.
#pragma once

#include <string_view>

namespace oneclaw::store {

inline constexpr std::string_view kSchema2 = R"sql(
)sql";

}  // namespace oneclaw::store

// A prefix of secret paths as a range of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace oneclaw::store {

/// The least UTF-8 text that comes, in byte order, after every text that starts with `prefix`
/// (well-formed UTF-8); nullopt when there is none. It is UTF-8 itself, as PostgreSQL demands.
std::optional<std::string> after_prefix(std::string_view prefix);

}  // namespace oneclaw::store

// Lists that are kept in one column, as a JSON array of strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"

namespace oneclaw::store {

std::string to_json_list(const std::vector<std::string>& list);
std::string to_json_list(const std::vector<Uuid>& list);
/// Throws Error when the text isn't such an array: a narrowing must not be lost silently.
std::vector<std::string> parse_string_list(std::string_view json);
std::vector<Uuid> parse_uuid_list(std::string_view json);

}  // namespace oneclaw::store

#include "mcp/arguments.h"

#include <algorithm>

namespace oneclaw::mcp {

namespace json = boost::json;

const json::value* Arguments::find(std::string_view name) {
  known_.emplace_back(name);
  const json::value* const value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Arguments::has(std::string_view name) const {
  const json::value* const value = object_.if_contains(name);
  return value != nullptr && !value->is_null();
}

void Arguments::mistake(std::string_view name, std::string message) {
  mistakes_.push_back({std::string(name), std::move(message)});
}

std::optional<std::string> Arguments::text(std::string_view name) {
  const json::value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  mistake(name, "must be a string");
  return std::nullopt;
}

std::string Arguments::required_text(std::string_view name) {
  if (!has(name)) mistake(name, "is needed");
  return text(name).value_or(std::string());
}

std::optional<std::int64_t> Arguments::integer(std::string_view name, std::int64_t least,
                                               std::int64_t most) {
  const json::value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(error) : least;
  if (!value->is_number() || error || number < least || number > most) {
    mistake(name,
            "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  return number;
}

std::vector<std::string> Arguments::texts(std::string_view name) {
  const json::value* const value = find(name);
  std::vector<std::string> list;
  if (value == nullptr) return list;
  const json::array* const array = value->if_array();
  const bool right = array != nullptr && std::ranges::all_of(*array, [](const json::value& item) {
                       return item.is_string();
                     });
  if (!right) {
    mistake(name, "must be an array of strings");
    return list;
  }
  for (const json::value& item : *array) list.emplace_back(item.get_string());
  return list;
}

std::vector<std::pair<std::string, std::string>> Arguments::text_map(std::string_view name) {
  const json::value* const value = find(name);
  std::vector<std::pair<std::string, std::string>> map;
  if (value == nullptr) return map;
  if (!value->is_object()) {
    mistake(name, "must be an object of strings");
    return map;
  }
  for (const auto& member : value->get_object()) {
    if (!member.value().is_string()) {
      mistake(std::string(name) + "." + std::string(member.key()), "must be a string");
      continue;
    }
    map.emplace_back(std::string(member.key()), std::string(member.value().get_string()));
  }
  return map;
}

void Arguments::copy(json::object& body, std::string_view name) {
  if (const json::value* const value = find(name)) body[name] = *value;
}

Result<void> Arguments::check() {
  for (const auto& member : object_) {
    const std::string name(member.key());
    if (std::ranges::find(known_, name) == known_.end()) {
      mistake(name, "is no argument of this tool");
    }
  }
  if (mistakes_.empty()) return {};
  return problems::validation(mistakes_);
}

}  // namespace oneclaw::mcp

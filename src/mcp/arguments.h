// The arguments of a tool call, read one by one, with every mistake named.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::mcp {

class Arguments {
 public:
  explicit Arguments(const boost::json::object& object) : object_(object) {}

  [[nodiscard]] bool has(std::string_view name) const;
  std::string required_text(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::vector<std::string> texts(std::string_view name);
  /// An object's members, all of them strings.
  std::vector<std::pair<std::string, std::string>> text_map(std::string_view name);
  /// Copies a member of any type to `body`, when there is one.
  void copy(boost::json::object& body, std::string_view name);
  void mistake(std::string_view name, std::string message);
  /// 400 with every mistake, and with every argument that nobody asked for.
  Result<void> check();

 private:
  const boost::json::value* find(std::string_view name);

  const boost::json::object& object_;
  std::vector<std::string> known_;
  std::vector<FieldError> mistakes_;
};

}  // namespace oneclaw::mcp

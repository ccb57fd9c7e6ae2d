// Secrets as several commands fetch them, and references to them.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_reference.h"
#include "base/secure.h"
#include "cli/context.h"

namespace oneclaw::cli {

/// The metadata of every secret under the prefix that the caller may read.
Result<std::vector<boost::json::object>> list_secrets(Context& context, const std::string& vault_id,
                                                      std::string_view prefix);
/// The secret as the API gives it, value and all, in wiped memory.
Result<boost::json::value> get_secret(Context& context, const std::string& vault_id,
                                      std::string_view path,
                                      std::optional<std::int64_t> version = std::nullopt);
Result<void> put_secret(Context& context, const std::string& vault_id, std::string_view path,
                        boost::json::object body);

/// Resolves references, each secret fetched once.
class References {
 public:
  explicit References(Context& context) : context_(context) {}
  Result<SecureString> value(std::string_view reference);
  /// `text` with every reference in it replaced. A reference ends before white space, a quote,
  /// or one of `<>(){},;`; inside `{{ … }}` it may hold those, and the braces go too.
  Result<SecureString> fill(std::string_view text);

 private:
  Context& context_;
  std::map<std::string, std::string> vaults_;
  std::map<std::string, SecureString, std::less<>> values_;
};

/// A secret's name in an environment: its path after the prefix, in capitals, with `_` for what
/// may not stand in a variable's name. A name that is valid as it is stays so.
std::string variable_name(std::string_view path);

/// A value of JSON text in a secure string.
SecureString secure_member(const boost::json::value& object, std::string_view name);

}  // namespace oneclaw::cli

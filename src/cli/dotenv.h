// Files of KEY=value lines, as `.env` files are written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::cli {

struct Variable {
  std::string name;
  SecureString value;
};

/// Lines `NAME=value` and `export NAME=value`; empty lines and `#` comments. A value is bare (up
/// to ` #`, trimmed), 'single-quoted' (as it is) or "double-quoted" (\n \r \t \" \\ \$); quoted
/// values may span lines. The last of two lines for one name wins. 400 names the line.
Result<std::vector<Variable>> parse_dotenv(std::string_view text);

/// `NAME=value`, quoted where it must be, so that parse_dotenv() gives it back.
SecureString to_dotenv(const std::vector<Variable>& variables);
/// `export NAME='value'` for any POSIX shell.
SecureString to_shell(const std::vector<Variable>& variables);

/// [A-Za-z_][A-Za-z0-9_]* (POSIX.1 §8.1).
bool is_variable_name(std::string_view name);

}  // namespace oneclaw::cli

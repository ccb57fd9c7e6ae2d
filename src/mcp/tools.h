// The tools: what they are called, what they take, and what they do.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mcp/api.h"
#include "mcp/arguments.h"

namespace oneclaw::mcp {

/// What a call works with.
struct ToolContext {
  Api& api;
  std::string vault;           ///< id or name of the vault that is meant when none is named
  bool runs_commands = false;  ///< stdio: the tools run on the agent's own machine
};

using ToolResult = boost::asio::awaitable<Result<boost::json::value>>;

struct Tool {
  std::string_view name;
  std::string_view title;
  std::string_view description;
  std::string_view input_schema;  ///< JSON Schema 2020-12, as text
  bool read_only = false;
  bool destructive = false;
  bool idempotent = false;
  bool open_world = false;  ///< reaches beyond oneclaw
  bool local = false;       ///< only where ToolContext::runs_commands
  ToolResult (*run)(ToolContext& context, Arguments& arguments) = nullptr;
};

std::span<const Tool> secret_tools();
std::span<const Tool> vault_tools();
std::span<const Tool> sharing_tools();
std::span<const Tool> use_tools();

/// The vault's id: of the argument `vault` (an id or a name), else the context's, else the only
/// one the caller sees.
boost::asio::awaitable<Result<std::string>> find_vault(ToolContext& context,
                                                       std::optional<std::string> name);

/// A member as text; empty when there is none.
std::string text_member(const boost::json::value& value, std::string_view name);

/// What an agent can do about a problem; empty when nothing is known.
std::string next_step(const Tool& tool, const Problem& problem);

}  // namespace oneclaw::mcp

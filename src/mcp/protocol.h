// The Model Context Protocol: JSON-RPC 2.0 messages in, messages out, whatever carries them.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "mcp/tools.h"

namespace oneclaw::mcp {

/// Newest first. A client that asks for another one is offered the newest.
inline constexpr std::array<std::string_view, 5> kProtocolVersions{
    "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"};

bool is_protocol_version(std::string_view version);

/// Answers one message (or, as revision 2025-03-26 has it, an array of them). nullopt when nothing
/// is to be sent: for notifications and for responses. Keeps no state between messages.
boost::asio::awaitable<std::optional<boost::json::value>> answer_message(
    ToolContext& context, const boost::json::value& message);

/// The error message for text that isn't JSON.
boost::json::value parse_error();

}  // namespace oneclaw::mcp

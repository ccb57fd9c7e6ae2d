// Structured logs on standard error: one line an event, as text or JSON.
#pragma once

#include <string>

namespace oneclaw::server {

/// Sets spdlog's default logger. `level`: debug, info, warn or error.
void set_up_logging(bool json, const std::string& level);

}  // namespace oneclaw::server

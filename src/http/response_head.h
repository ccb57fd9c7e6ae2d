// The bytes that come before a response's body.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace oneclaw::http {

/// What a head says besides the response itself.
struct ResponseFrame {
  std::string_view request_id;
  std::string_view date;  ///< RFC 9110 §5.6.7
  bool close = false;     ///< the connection ends with this answer
};

/// Writes status line and headers of `response` over `out`. A header with a line break in it is
/// left out.
void write_response_head(std::string& out, const Response& response, const ResponseFrame& frame);

}  // namespace oneclaw::http

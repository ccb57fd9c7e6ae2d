#include "http/response_head.h"

#include "base/problem.h"

namespace oneclaw::http {
namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

}  // namespace

void write_response_head(std::string& out, const Response& response, const ResponseFrame& frame) {
  out.clear();
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  append_header(out, "Date", frame.date);
  if (response.status != 204) {
    if (!response.content_type.empty()) {
      append_header(out, "Content-Type", response.content_type);
    }
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  }
  append_header(out, "X-Request-Id", frame.request_id);
  append_header(out, "X-Content-Type-Options", "nosniff");
  if (response.no_store) append_header(out, "Cache-Control", "no-store");
  for (const auto& [name, value] : response.headers) {
    if (is_one_line(name) && is_one_line(value)) append_header(out, name, value);
  }
  if (frame.close) append_header(out, "Connection", "close");
  out.append("\r\n");
}

}  // namespace oneclaw::http

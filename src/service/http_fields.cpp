#include "service/http_fields.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace oneclaw::service {

bool is_client_method(std::string_view text) {
  constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD",  "POST",
                                                     "PUT", "PATCH", "DELETE"};
  return std::ranges::find(kMethods, text) != kMethods.end();
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

bool is_reserved_header(std::string_view name) {
  constexpr std::array<std::string_view, 14> kReserved{"host",
                                                       "content-length",
                                                       "transfer-encoding",
                                                       "connection",
                                                       "keep-alive",
                                                       "te",
                                                       "trailer",
                                                       "upgrade",
                                                       "expect",
                                                       "accept-encoding",
                                                       "range",
                                                       "if-range",
                                                       "proxy-connection",
                                                       "proxy-authorization"};
  return std::ranges::find(kReserved, ascii_lower(name)) != kReserved.end();
}

}  // namespace oneclaw::service

#include "api/form.h"

#include <algorithm>

#include "base/encoding.h"

namespace oneclaw::api {

namespace {

std::optional<SecureString> decode(std::string_view raw) {
  SecureString text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+') {
      text.push_back(' ');
      continue;
    }
    if (raw[i] != '%') {
      text.push_back(raw[i]);
      continue;
    }
    if (i + 2 >= raw.size()) return std::nullopt;
    const int high = hex_digit(raw[i + 1]);
    const int low = hex_digit(raw[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    text.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (!is_utf8(text.view())) return std::nullopt;
  return text;
}

}  // namespace

std::optional<SecureString> form_field(const http::Request& request, std::string_view name) {
  std::string_view rest = as_text(request.body());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = field.find('=');
    if (equals != std::string_view::npos && field.substr(0, equals) == name) {
      return decode(field.substr(equals + 1));
    }
  }
  return std::nullopt;
}

}  // namespace oneclaw::api

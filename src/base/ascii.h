// Small letters of ASCII, whatever the locale is, and the characters of HTTP's tokens.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace oneclaw {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string ascii_lower(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), [](char c) { return ascii_lower(c); });
  return copy;
}

/// tchar of RFC 9110 §5.6.2.
constexpr bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace oneclaw

// Hex and base64 (RFC 4648), strict.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secure.h"

namespace oneclaw {

/// The value of a hex digit of either case, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Lower-case hex.
std::string to_hex(ByteView bytes);
/// Even length, hex digits of either case; else nullopt.
std::optional<Bytes> from_hex(std::string_view text);

/// base64 with padding (RFC 4648 §4).
std::string to_base64(ByteView bytes);
/// base64url without padding (RFC 4648 §5, as RFC 7515 uses it).
std::string to_base64url(ByteView bytes);
/// Strict: no white space, no padding for url, no stray bits; else nullopt.
std::optional<Bytes> from_base64(std::string_view text);
std::optional<Bytes> from_base64url(std::string_view text);

/// True for well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace oneclaw

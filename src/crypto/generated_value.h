// Generated secret values.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/secure.h"

namespace oneclaw::crypto {

enum class Charset : std::uint8_t { kHex, kBase64, kAlphanumeric, kAscii };

/// "hex" (0-9 a-f), "base64" (RFC 4648 §4, without padding), "alphanumeric" (A-Z a-z 0-9) or
/// "ascii" (every printable character but the space); else nullopt.
std::optional<Charset> parse_charset(std::string_view name);
std::string_view to_string(Charset charset);

/// `length` characters, each drawn from the set alike and independently of the others (libsodium's
/// randombytes_uniform: no modulo bias).
SecureString generate_value(Charset charset, std::size_t length);

}  // namespace oneclaw::crypto

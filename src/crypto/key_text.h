// 32 secret bytes as 43 base64url characters, leaving no copy behind (base/encoding.h does).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/secure.h"

namespace oneclaw::crypto {

inline constexpr std::size_t kKeyChars = 43;

void append_key_text(SecureString& out, std::span<const std::uint8_t, Key256::kSize> key);

/// False unless `text` is exactly what append_key_text() writes; `out` must then be wiped.
[[nodiscard]] bool read_key_text(std::string_view text, std::span<std::uint8_t, Key256::kSize> out);

}  // namespace oneclaw::crypto

// Test vectors are written in hex.
#pragma once

#include <string_view>

#include "base/encoding.h"
#include "base/secure.h"

namespace oneclaw::crypto {

inline Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

/// `text` in hex, filled up with zeros to 32 bytes.
inline Key256 hex_key(std::string_view text) {
  Bytes raw = hex(text);
  raw.resize(Key256::kSize);
  return Key256(raw);
}

}  // namespace oneclaw::crypto

// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
#pragma once

#include <array>

#include "base/secure.h"

namespace oneclaw::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView message);
Digest hmac_sha256(const Key256& key, ByteView message);

}  // namespace oneclaw::crypto

// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
#pragma once

#include "base/secure.h"

namespace oneclaw::crypto {

inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 8192;

/// True when `signature` over `message` was made with the private half of the key whose modulus
/// and exponent (big-endian) are given. False also for a modulus outside the bounds above or an
/// exponent that is even, 1 or over 64 bits.
bool verify_rs256(ByteView modulus, ByteView exponent, ByteView message, ByteView signature);

}  // namespace oneclaw::crypto

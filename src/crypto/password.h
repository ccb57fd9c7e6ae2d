// Password hashing: Argon2id (RFC 9106) through libsodium.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace oneclaw::crypto {

/// Argon2id cost. Defaults are libsodium's INTERACTIVE; the floor is OWASP's 19 MiB, t = 2.
struct Argon2Cost {
  std::size_t memory_bytes = 64UL * 1024 * 1024;
  std::uint64_t passes = 2;
};

/// The PHC string ($argon2id$…). 503 when memory is short. Blocks for tens of milliseconds.
Result<std::string> hash_password(std::string_view password, const Argon2Cost& cost);

/// True when `password` is the one `phc` was made from. Blocks as long as hashing does.
bool verify_password(std::string_view password, const std::string& phc);

}  // namespace oneclaw::crypto

// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
#pragma once

#include <array>
#include <memory>

#include "base/secure.h"

namespace oneclaw::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView message);
/// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  Digest finish();  ///< once

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};
Digest hmac_sha256(const Key256& key, ByteView message);

}  // namespace oneclaw::crypto

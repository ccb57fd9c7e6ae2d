// AES-256-GCM with the key as plain bytes: for DEKs, which live on the stack for microseconds.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

using RawKey = std::span<const std::uint8_t, Key256::kSize>;

inline RawKey raw(const Key256& key) {
  return RawKey{key.view().data(), Key256::kSize};
}

/// What seal() of aead.h does.
Result<Bytes> seal_raw(RawKey key, ByteView plaintext, ByteView aad);

/// Opens `sealed` into `out`, whose size must be that of the plaintext. When false, `out` holds
/// nothing to be used and must be wiped.
[[nodiscard]] bool open_raw(RawKey key, ByteView sealed, ByteView aad, std::span<std::uint8_t> out);

/// The 500 problem of everything that does not open.
Problem decryption_failed();

}  // namespace oneclaw::crypto

// AES-256-GCM (NIST SP 800-38D), by OpenSSL or libsodium.
#pragma once

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

inline constexpr std::size_t kNonceSize = 12;
inline constexpr std::size_t kTagSize = 16;

/// Encrypts with a fresh random 96-bit nonce. Returns nonce | ciphertext | tag.
/// One key may seal 2^32 messages at most (SP 800-38D §8.3).
Result<Bytes> seal(const Key256& key, ByteView plaintext, ByteView aad);

/// Opens what seal() made. A wrong key, AAD, nonce, tag or length is the same 500 problem
/// (code "decryption-failed"): it never says which.
Result<SecureBytes> open(const Key256& key, ByteView sealed, ByteView aad);

/// For known-answer tests alone: the nonce is given.
Result<Bytes> seal_with_nonce(const Key256& key, ByteView nonce, ByteView plaintext, ByteView aad);

}  // namespace oneclaw::crypto

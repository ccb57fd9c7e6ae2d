// Customer-managed keys: what a client that encrypts by itself sends and what the server needs to
// know of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

/// `0x01 | 12-byte IV | ciphertext | 16-byte tag`: AES-256-GCM under the customer's key, no AAD.
bool is_cmek_blob(ByteView blob);
/// The same as base64 text (RFC 4648 §4), the form in which a secret's value holds it.
bool is_cmek_text(std::string_view text);

/// 64 hex digits, of either case, in lower case; else nullopt.
std::optional<std::string> parse_fingerprint(std::string_view text);
/// SHA-256 of the raw key, in lower-case hex.
std::string fingerprint_of(const Key256& key);
/// Base64 of 32 bytes, decoded straight into guarded memory; else nullopt.
std::optional<Key256> parse_customer_key(std::string_view base64);

/// Opens the text under `from` and gives it sealed anew under `to`, with a fresh IV. 500
/// "decryption-failed" when it doesn't open.
Result<SecureString> rekey_cmek_text(const Key256& from, const Key256& to, std::string_view text);

}  // namespace oneclaw::crypto

// Key pairs made for an agent when it is registered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

struct KeyPair {
  std::string public_key;    ///< see the maker
  SecureString private_pem;  ///< see the maker
};

/// Ed25519; public half as an OpenSSH line (`ssh-ed25519 AAAA…`, RFC 8709), private half in
/// OpenSSH's own form (PROTOCOL.key), since ssh reads no Ed25519 key in PKCS #8.
Result<KeyPair> generate_ssh_key_pair();

/// NIST P-256 for ECDH; private half as PKCS #8 PEM (RFC 5958), public half as base64 of the
/// uncompressed point (65 bytes, SEC 1 §2.3.3).
Result<KeyPair> generate_ecdh_key_pair();

/// The fingerprint that ssh-keygen shows ("SHA256:…") of an Ed25519 public key, given as an OpenSSH
/// line (`ssh-ed25519 AAAA…`, a comment may follow) or as base64 of its 32 bytes; nullopt for
/// anything else.
std::optional<std::string> ssh_fingerprint(std::string_view public_key);

}  // namespace oneclaw::crypto

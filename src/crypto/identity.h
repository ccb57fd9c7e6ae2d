// Key pairs made for an agent when it is registered.
#pragma once

#include <string>

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

}  // namespace oneclaw::crypto

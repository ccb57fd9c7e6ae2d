// Keys in a PKCS #11 token and what they do there. Each call may block, and gives the token's code.
#pragma once

#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/uuid.h"
#include "crypto/pkcs11_token.h"

namespace oneclaw::crypto::pkcs11 {

using Session = Pkcs11Token::Session;

struct RootKey {
  Uuid id;  ///< its CKA_ID
  CK_OBJECT_HANDLE handle = 0;
};

/// The AES keys of that label whose CKA_ID is a UUID; at most 256.
CK_RV find_root_keys(Session& session, std::string_view label, std::vector<RootKey>& found);
/// AES-256, sensitive, not extractable, to encrypt and decrypt with.
CK_RV generate_root_key(Session& session, std::string_view label, const Uuid& id);
/// Whether a key could be read out of the token.
bool can_be_read(Session& session, CK_OBJECT_HANDLE key);

/// nonce | ciphertext | tag of AES-256-GCM, the nonce 96 random bits.
CK_RV encrypt(Session& session, CK_OBJECT_HANDLE key, ByteView plain, const Bytes& aad,
              Bytes& blob);
CK_RV decrypt(Session& session, CK_OBJECT_HANDLE key, const Bytes& blob, const Bytes& aad,
              SecureBytes& plain);

/// An Ed25519 pair whose private half is sensitive and not extractable; `id` is its CKA_ID.
CK_RV generate_pair(Session& session, const Bytes& id, Bytes& public_key);
/// The private key of that CKA_ID; CKR_TOKEN_NOT_PRESENT when the token has none.
CK_RV find_private_key(Session& session, const Bytes& id, CK_OBJECT_HANDLE& key);
/// EdDSA (RFC 8032): 64 bytes.
CK_RV sign(Session& session, CK_OBJECT_HANDLE key, const Bytes& message, Bytes& signature);

}  // namespace oneclaw::crypto::pkcs11

// The `pkcs11:` keyring: root keys that never leave a token (PKCS #11 v2.40).
#pragma once

#include "crypto/keyring.h"

namespace oneclaw::crypto {

/// `pkcs11:token=T;object=NAME?module-path=LIB&pin-source=FILE` (RFC 7512). `object` (default
/// "oneclaw-root") labels the root keys; each has the 16 bytes of its UUID as CKA_ID, and the
/// newest is active. `pin-value` or `pin-source` (a path, file:PATH or credential:NAME) log in at
/// once; without one the keyring is sealed until unseal() gets the PIN. With `create`, a token
/// without a root key gets one: AES-256, sensitive, not extractable. 400 "keyring" for a bad URI,
/// 500 when the module can't be loaded or a root key could be read out of the token.
Result<std::unique_ptr<Keyring>> open_pkcs11_keyring(const KeyringOptions& options);

}  // namespace oneclaw::crypto

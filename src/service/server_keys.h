// The server's own keys, wrapped by the keyring and kept in the store: JWT signing, API-key MAC,
// sealed fields.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "crypto/jwt.h"
#include "crypto/keyring.h"
#include "store/store.h"

namespace oneclaw::service {

struct ServerKeys {
  crypto::Ed25519Key signing;                               ///< signs new tokens
  std::vector<crypto::TokenVerifier::PublicKey> verifying;  ///< all that still verify
  Key256 mac;    ///< HMAC-SHA-256 of API keys and refresh tokens
  Key256 field;  ///< FieldSeal's
};

/// Loads the keys, making them at the first start. Refused (500) when the keyring can't unwrap
/// what the store holds: then this keyring is not the one that the data was made with.
boost::asio::awaitable<Result<ServerKeys>> load_server_keys(store::Store& store,
                                                            crypto::Keyring& keyring);

}  // namespace oneclaw::service

// The server's own keys, wrapped by the keyring and kept in the store: JWT signing, API-key MAC,
// sealed fields.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"
#include "crypto/keyring.h"
#include "service/signing_keys.h"
#include "store/row_seal.h"
#include "store/store.h"

namespace oneclaw::service {

struct ServerKeys {
  std::shared_ptr<SigningKeys> signing;  ///< of tokens
  Key256 mac;                            ///< HMAC-SHA-256 of API keys and refresh tokens
  Key256 field;                          ///< FieldSeal's
};

/// HMAC-SHA-256 of rows (store/row_seal.h). Its key comes out of the very store that it serves, so
/// it is given later; until then no sealed row can be read or written.
class RowMac final : public store::RowSeal {
 public:
  [[nodiscard]] Mac mac(ByteView row) const override;
  void set_key(Key256 key);

 private:
  std::atomic<bool> ready_{false};
  Key256 key_;
};

/// The AAD under which the root key wraps the server key of that name.
Bytes server_key_aad(std::string_view name);

/// Loads the keys, making them at the first start, and gives `row_mac` its own. Refused (500) when
/// the keyring can't unwrap what the store holds: then this keyring is not the one that the data
/// was made with.
boost::asio::awaitable<Result<ServerKeys>> load_server_keys(store::Store& store,
                                                            crypto::Keyring& keyring,
                                                            RowMac& row_mac, std::string issuer);

}  // namespace oneclaw::service

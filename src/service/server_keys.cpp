#include "service/server_keys.h"

#include <utility>

#include "crypto/digest.h"
#include "store/key_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kMacKeyName = "api-key-mac";
constexpr std::string_view kFieldKeyName = "field";
constexpr std::string_view kRowMacKeyName = "row-mac";

Bytes aad_of(std::string_view kind, std::string_view name) {
  std::string text = "oneclaw/server-key/v1|" + std::string(kind) + "|" + std::string(name);
  return {text.begin(), text.end()};
}

/// What the store has, or what was just made for it.
struct StoredKeys {
  std::vector<store::SigningKeyRow> signing;
  store::ServerKeyRow mac;
  store::ServerKeyRow field;
  store::ServerKeyRow row_mac;
};

Result<Key256> unwrap_key(crypto::Keyring& keyring, const std::string& root_key_id,
                          const Bytes& blob, const Bytes& aad) {
  const crypto::WrappedKey wrapped{root_key_id, blob};
  auto raw = keyring.unwrap(wrapped, aad);
  if (!raw.ok() || raw->size() != Key256::kSize) {
    return problems::internal("The keyring doesn't open this data folder's keys.");
  }
  return Key256(*raw);
}

Result<store::SigningKeyRow> make_signing_key(crypto::Keyring& keyring) {
  const crypto::Ed25519Key key = crypto::Ed25519Key::generate();
  TRY(crypto::WrappedKey wrapped, keyring.wrap(key.seed().view(), aad_of("signing", key.kid())));
  return store::SigningKeyRow{.kid = key.kid(),
                              .public_key = Bytes(key.public_key().begin(), key.public_key().end()),
                              .root_key_id = std::move(wrapped.root_key_id),
                              .wrapped = std::move(wrapped.blob),
                              .created_at = now(),
                              .retired_at = std::nullopt};
}

/// The stored key, which is made when it is missing. `kind` tells keys apart in the AAD.
Result<store::ServerKeyRow> find_or_make_key(store::KeyRepository& keys, crypto::Keyring& keyring,
                                             std::string_view kind, std::string_view name) {
  if (auto row = keys.server_key(name)) return std::move(*row);
  const Key256 key = Key256::random();
  TRY(crypto::WrappedKey wrapped, keyring.wrap(key.view(), aad_of(kind, name)));
  store::ServerKeyRow row{.name = std::string(name),
                          .root_key_id = std::move(wrapped.root_key_id),
                          .wrapped = std::move(wrapped.blob),
                          .created_at = now()};
  keys.insert_server_key(row);
  return row;
}

Result<void> give_key(RowMac& row_mac, crypto::Keyring& keyring, const store::ServerKeyRow& row) {
  TRY(Key256 key, unwrap_key(keyring, row.root_key_id, row.wrapped, aad_of("mac", kRowMacKeyName)));
  row_mac.set_key(std::move(key));
  return {};
}

}  // namespace

store::RowSeal::Mac RowMac::mac(ByteView row) const {
  if (!ready_.load(std::memory_order_acquire)) {
    throw store::Error(store::Error::Kind::kOther, "the key that seals rows isn't loaded");
  }
  return crypto::hmac_sha256(key_, row);
}

void RowMac::set_key(Key256 key) {
  key_ = std::move(key);
  ready_.store(true, std::memory_order_release);
}

asio::awaitable<Result<ServerKeys>> load_server_keys(store::Store& store, crypto::Keyring& keyring,
                                                     RowMac& row_mac) {
  const auto load = [&](store::Transaction& transaction) -> Result<StoredKeys> {
    store::KeyRepository keys(transaction);
    StoredKeys stored{.signing = keys.signing_keys(), .mac = {}, .field = {}, .row_mac = {}};
    if (stored.signing.empty()) {
      TRY(store::SigningKeyRow row, make_signing_key(keyring));
      keys.insert_signing_key(row);
      stored.signing.push_back(std::move(row));
    }
    TRY(stored.mac, find_or_make_key(keys, keyring, "mac", kMacKeyName));
    TRY(stored.field, find_or_make_key(keys, keyring, "field", kFieldKeyName));
    const bool unsealed = !keys.server_key(kRowMacKeyName);
    TRY(stored.row_mac, find_or_make_key(keys, keyring, "mac", kRowMacKeyName));
    CHECK_OK(give_key(row_mac, keyring, stored.row_mac));
    if (unsealed) store::seal_unsealed_rows(transaction);
    return stored;
  };
  CO_TRY(const StoredKeys stored, co_await store.write(load));

  std::vector<crypto::TokenVerifier::PublicKey> verifying;
  const store::SigningKeyRow* newest = nullptr;
  for (const store::SigningKeyRow& row : stored.signing) {
    verifying.push_back({row.kid, row.public_key});
    if (!row.retired_at && (newest == nullptr || row.created_at > newest->created_at)) {
      newest = &row;
    }
  }
  if (newest == nullptr) co_return problems::internal("There is no active signing key.");
  CO_TRY(Key256 seed,
         unwrap_key(keyring, newest->root_key_id, newest->wrapped, aad_of("signing", newest->kid)));
  CO_TRY(Key256 mac, unwrap_key(keyring, stored.mac.root_key_id, stored.mac.wrapped,
                                aad_of("mac", kMacKeyName)));
  CO_TRY(Key256 field, unwrap_key(keyring, stored.field.root_key_id, stored.field.wrapped,
                                  aad_of("field", kFieldKeyName)));
  crypto::Ed25519Key signing = crypto::Ed25519Key::from_seed(std::move(seed));
  if (signing.kid() != newest->kid) {
    co_return problems::internal("The signing key isn't the one its record names.");
  }
  co_return ServerKeys{std::move(signing), std::move(verifying), std::move(mac), std::move(field)};
}

}  // namespace oneclaw::service

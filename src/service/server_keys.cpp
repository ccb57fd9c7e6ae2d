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
/// What stood where kMacKeyName's AAD now says that rows are sealed.
constexpr std::string_view kUnsealedRowsAad = "oneclaw/server-key/v1|mac|api-key-mac";

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
  TRY(crypto::StoredSigningKey key, keyring.generate_signing_key());
  return store::SigningKeyRow{.kid = std::move(key.kid),
                              .public_key = std::move(key.public_key),
                              .root_key_id = std::move(key.root_key_id),
                              .wrapped = std::move(key.blob),
                              .created_at = now(),
                              .retired_at = std::nullopt};
}

/// The stored key, which is made when it is missing.
Result<store::ServerKeyRow> find_or_make_key(store::KeyRepository& keys, crypto::Keyring& keyring,
                                             std::string_view name) {
  if (auto row = keys.server_key(name)) return std::move(*row);
  const Key256 key = Key256::random();
  TRY(crypto::WrappedKey wrapped, keyring.wrap(key.view(), server_key_aad(name)));
  store::ServerKeyRow row{.name = std::string(name),
                          .root_key_id = std::move(wrapped.root_key_id),
                          .wrapped = std::move(wrapped.blob),
                          .created_at = now()};
  keys.insert_server_key(row);
  return row;
}

Result<void> give_key(RowMac& row_mac, crypto::Keyring& keyring, const store::ServerKeyRow& row) {
  TRY(Key256 key,
      unwrap_key(keyring, row.root_key_id, row.wrapped, server_key_aad(kRowMacKeyName)));
  row_mac.set_key(std::move(key));
  return {};
}

/// Whether this store's rows have never been sealed: its MAC key is still wrapped as it was before
/// there were seals. From then on it never is again, so a row without a seal can't be one of that
/// time, whatever else somebody has taken out of the database.
Result<bool> rows_are_unsealed(crypto::Keyring& keyring, const store::ServerKeyRow& mac) {
  const crypto::WrappedKey wrapped{mac.root_key_id, mac.wrapped};
  auto opened = keyring.unwrap(wrapped, server_key_aad(kMacKeyName));
  if (opened.ok()) return false;
  if (opened.problem().code != "decryption-failed") return std::move(opened).problem();
  return keyring.unwrap(wrapped, Bytes(kUnsealedRowsAad.begin(), kUnsealedRowsAad.end())).ok();
}

/// Gives `row_mac` its key, after the rows of a store from before seals have got theirs.
Result<store::ServerKeyRow> load_row_mac(store::Transaction& transaction, crypto::Keyring& keyring,
                                         RowMac& row_mac, store::ServerKeyRow& mac) {
  store::KeyRepository keys(transaction);
  const bool first_start = !keys.server_key(kMacKeyName);
  TRY(mac, find_or_make_key(keys, keyring, kMacKeyName));
  TRY(const bool unsealed, rows_are_unsealed(keyring, mac));
  const bool has_key = keys.server_key(kRowMacKeyName).has_value();
  if (!first_start && !unsealed && !has_key) {
    return problems::internal(
        "The key that seals rows is missing: the database was changed from outside.");
  }
  TRY(const store::ServerKeyRow row, find_or_make_key(keys, keyring, kRowMacKeyName));
  CHECK_OK(give_key(row_mac, keyring, row));
  if (!unsealed) return row;
  if (!has_key) store::seal_unsealed_rows(transaction);
  TRY(const Key256 key, unwrap_key(keyring, mac.root_key_id, mac.wrapped,
                                   Bytes(kUnsealedRowsAad.begin(), kUnsealedRowsAad.end())));
  TRY(const crypto::WrappedKey wrapped, keyring.wrap(key.view(), server_key_aad(kMacKeyName)));
  mac.root_key_id = wrapped.root_key_id;
  mac.wrapped = wrapped.blob;
  keys.rewrap_server_key(mac.name, mac.root_key_id, mac.wrapped);
  return row;
}

}  // namespace

Bytes server_key_aad(std::string_view name) {
  const std::string_view kind = name == kFieldKeyName ? "field" : "mac";
  std::string text = "oneclaw/server-key/v1|" + std::string(kind) + "|" + std::string(name);
  if (name == kMacKeyName) text += "|rows-are-sealed";
  return {text.begin(), text.end()};
}

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
                                                     RowMac& row_mac, std::string issuer) {
  const auto load = [&](store::Transaction& transaction) -> Result<StoredKeys> {
    store::KeyRepository keys(transaction);
    StoredKeys stored{.signing = keys.signing_keys(), .mac = {}, .field = {}, .row_mac = {}};
    if (stored.signing.empty()) {
      TRY(store::SigningKeyRow row, make_signing_key(keyring));
      keys.insert_signing_key(row);
      stored.signing.push_back(std::move(row));
    }
    TRY(stored.field, find_or_make_key(keys, keyring, kFieldKeyName));
    TRY(stored.row_mac, load_row_mac(transaction, keyring, row_mac, stored.mac));
    return stored;
  };
  CO_TRY(const StoredKeys stored, co_await store.write(load));

  auto signing = std::make_shared<SigningKeys>(std::move(issuer));
  CO_CHECK_OK(signing->load(stored.signing, keyring, now()));
  CO_TRY(Key256 mac, unwrap_key(keyring, stored.mac.root_key_id, stored.mac.wrapped,
                                server_key_aad(kMacKeyName)));
  CO_TRY(Key256 field, unwrap_key(keyring, stored.field.root_key_id, stored.field.wrapped,
                                  server_key_aad(kFieldKeyName)));
  co_return ServerKeys{std::move(signing), std::move(mac), std::move(field)};
}

}  // namespace oneclaw::service

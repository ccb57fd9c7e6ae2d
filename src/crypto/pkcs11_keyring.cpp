#include "crypto/pkcs11_keyring.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/encoding.h"
#include "base/uuid.h"
#include "crypto/aad_writer.h"
#include "crypto/aead.h"
#include "crypto/aead_raw.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/passphrase_source.h"
#include "crypto/pkcs11_token.h"

namespace oneclaw::crypto {
namespace {

using Session = Pkcs11Token::Session;

constexpr std::string_view kDefaultObject = "oneclaw-root";
constexpr std::string_view kSigningLabel = "oneclaw-jwt";
constexpr std::size_t kIdSize = 16;
constexpr std::size_t kMostFound = 256;

Bytes root_aad(std::string_view root_key_id, ByteView aad) {
  Bytes out;
  AadWriter(out, "oneclaw/root/1").text(root_key_id).bytes(aad);
  return out;
}

/// A number, a flag, or an array to be filled.
template <class T>
requires(std::is_trivial_v<T> && !std::is_const_v<T>) CK_ATTRIBUTE
    attribute(CK_ATTRIBUTE_TYPE type, T& value) {
  return {type, &value, sizeof(value)};
}
CK_ATTRIBUTE text_attribute(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};  // read alone
}
CK_ATTRIBUTE bytes_attribute(CK_ATTRIBUTE_TYPE type, ByteView value) {
  return {type, const_cast<std::uint8_t*>(value.data()), value.size()};
}

/// A token's flag; false when it has none such.
bool flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE wanted = attribute(type, value);
  return session.p11->C_GetAttributeValue(session.handle, object, &wanted, 1) == CKR_OK &&
         value == CK_TRUE;
}

CK_RV find_objects(Session& session, std::vector<CK_ATTRIBUTE> wanted,
                   std::vector<CK_OBJECT_HANDLE>& found) {
  CK_RV code = session.p11->C_FindObjectsInit(session.handle, wanted.data(), wanted.size());
  if (code != CKR_OK) return code;
  found.resize(kMostFound);
  CK_ULONG count = 0;
  code = session.p11->C_FindObjects(session.handle, found.data(), found.size(), &count);
  session.p11->C_FindObjectsFinal(session.handle);
  found.resize(code == CKR_OK ? count : 0);
  return code;
}

/// A key in the token, found again after each new connection.
class TokenSigner final : public Signer {
 public:
  TokenSigner(Pkcs11Token& token, StoredSigningKey stored)
      : token_(token), stored_(std::move(stored)) {}

  [[nodiscard]] ByteView public_key() const override { return stored_.public_key; }
  [[nodiscard]] const std::string& kid() const override { return stored_.kid; }

  Result<Bytes> sign(ByteView message) const override {
    Bytes signature(64);
    CHECK_OK(token_.with_session([&](Session& session) {
      CK_OBJECT_HANDLE key = 0;
      CK_RV code = find(session, key);
      if (code != CKR_OK) return code;
      CK_MECHANISM mechanism{CKM_EDDSA, nullptr, 0};
      code = session.p11->C_SignInit(session.handle, &mechanism, key);
      if (code != CKR_OK) return code;
      CK_ULONG size = signature.size();
      return session.p11->C_Sign(session.handle, const_cast<CK_BYTE_PTR>(message.data()),
                                 message.size(), signature.data(), &size);
    }));
    return signature;
  }

 private:
  CK_RV find(Session& session, CK_OBJECT_HANDLE& key) const {
    const std::lock_guard lock(mutex_);
    if (connection_ != session.connection) {
      CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
      std::vector<CK_OBJECT_HANDLE> found;
      const CK_RV code = find_objects(
          session, {attribute(CKA_CLASS, kind), bytes_attribute(CKA_ID, ByteView(stored_.blob))},
          found);
      if (code != CKR_OK) return code;
      if (found.empty()) return CKR_TOKEN_NOT_PRESENT;
      key_ = found.front();
      connection_ = session.connection;
    }
    key = key_;
    return CKR_OK;
  }

  Pkcs11Token& token_;
  StoredSigningKey stored_;
  mutable std::mutex mutex_;
  mutable std::uint64_t connection_ = 0;
  mutable CK_OBJECT_HANDLE key_ = 0;
};

class Pkcs11Keyring final : public Keyring {
 public:
  Pkcs11Keyring(std::unique_ptr<Pkcs11Token> token, std::string object,
                const KeyringOptions& options)
      : token_(std::move(token)),
        object_(std::move(object)),
        create_(options.create),
        sign_in_token_(options.sign_in_token) {}

  /// Logs in and looks at the root keys; makes the first one when there is no data yet.
  Result<void> start(SecureString pin) {
    CHECK_OK(token_->log_in(std::move(pin)));
    bool readable = false;
    bool none = false;
    CHECK_OK(token_->with_session([&](Session& session) {
      const std::lock_guard lock(mutex_);
      const CK_RV code = load_roots(session);
      if (code != CKR_OK) return code;
      none = roots_.empty();
      for (const auto& [id, key] : roots_) {
        readable |= flag(session, key, CKA_EXTRACTABLE) || !flag(session, key, CKA_SENSITIVE);
      }
      return code;
    }));
    if (readable) {
      token_->log_out();
      return problems::internal(
          "A root key in the token could be read out of it: it must be "
          "sensitive and not extractable.");
    }
    if (none && !create_) {
      token_->log_out();
      return problems::internal("The token has no root key labelled " + object_ + ".");
    }
    if (none) {
      auto made = rotate();
      if (!made.ok()) return std::move(made).problem();
    }
    return {};
  }

  Result<WrappedKey> wrap(ByteView key, ByteView aad) override {
    WrappedKey wrapped;
    CHECK_OK(token_->with_session([&](Session& session) {
      CK_OBJECT_HANDLE root = 0;
      const CK_RV code = find_root(session, {}, wrapped.root_key_id, root);
      if (code != CKR_OK) return code;
      return encrypt(session, root, key, root_aad(wrapped.root_key_id, aad), wrapped.blob);
    }));
    return wrapped;
  }

  Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) override {
    if (wrapped.blob.size() < kNonceSize + kTagSize) return decryption_failed();
    SecureBytes key;
    bool opened = true;
    bool known = true;
    CHECK_OK(token_->with_session([&](Session& session) -> CK_RV {
      std::string id;
      CK_OBJECT_HANDLE root = 0;
      CK_RV code = find_root(session, wrapped.root_key_id, id, root);
      known = code != CKR_KEY_NOT_NEEDED;
      if (!known) return CKR_OK;
      if (code != CKR_OK) return code;
      code = decrypt(session, root, wrapped.blob, root_aad(wrapped.root_key_id, aad), key);
      opened = code == CKR_OK;
      if (opened) return CKR_OK;
      // Tokens answer a wrong tag with all kinds of codes. When the same key still works, it was
      // the blob.
      Bytes probe;
      SecureBytes back;
      const CK_RV worked = encrypt(session, root, as_bytes("probe"), Bytes{1}, probe);
      if (worked != CKR_OK) return worked;
      return decrypt(session, root, probe, Bytes{1}, back);
    }));
    if (!known) {
      return problems::unavailable("The root key that this data needs is not in the keyring.");
    }
    if (!opened) return decryption_failed();
    return key;
  }

  KeyringStatus status() const override {
    KeyringStatus status;
    status.provider = "pkcs11";
    status.unseal_with = UnsealWith::kPin;
    status.detail =
        "Root keys are in a PKCS#11 token and never leave it: a stolen data folder opens to nobody "
        "without the token and its PIN.";
    if (!token_->logged_in()) {
      status.state = KeyringState::kSealed;
      return status;
    }
    status.state = token_->answers() ? KeyringState::kReady : KeyringState::kUnavailable;
    status.ready = status.state == KeyringState::kReady;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, key] : roots_) status.root_key_ids.push_back(id);
    if (!roots_.empty()) status.active_root_key_id = roots_.rbegin()->first;
    return status;
  }

  Result<std::string> rotate() override {
    const Uuid made = Uuid::v7();  // in time order, so that the newest is the last
    CHECK_OK(token_->with_session([&](Session& session) {
      CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
      CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
      CK_KEY_TYPE type = CKK_AES;
      CK_ULONG size = Key256::kSize;
      CK_BBOOL yes = CK_TRUE;
      CK_BBOOL no = CK_FALSE;
      std::array wanted{attribute(CKA_CLASS, kind),
                        attribute(CKA_KEY_TYPE, type),
                        attribute(CKA_VALUE_LEN, size),
                        attribute(CKA_TOKEN, yes),
                        attribute(CKA_PRIVATE, yes),
                        attribute(CKA_SENSITIVE, yes),
                        attribute(CKA_EXTRACTABLE, no),
                        attribute(CKA_ENCRYPT, yes),
                        attribute(CKA_DECRYPT, yes),
                        attribute(CKA_WRAP, no),
                        attribute(CKA_UNWRAP, no),
                        text_attribute(CKA_LABEL, object_),
                        bytes_attribute(CKA_ID, ByteView(made.bytes))};
      CK_OBJECT_HANDLE key = 0;
      const CK_RV code = session.p11->C_GenerateKey(session.handle, &mechanism, wanted.data(),
                                                    wanted.size(), &key);
      if (code != CKR_OK) return code;
      const std::lock_guard lock(mutex_);
      return load_roots(session);
    }));
    return made.to_string();
  }

  Result<void> forget(std::string_view root_key_id) override {
    const KeyringStatus now = status();
    if (now.active_root_key_id == root_key_id) {
      return problems::conflict("That is the active root key.");
    }
    if (std::ranges::find(now.root_key_ids, root_key_id) == now.root_key_ids.end()) {
      return problems::not_found("The keyring has no such root key.");
    }
    return token_->with_session([&](Session& session) {
      std::string id;
      CK_OBJECT_HANDLE root = 0;
      CK_RV code = find_root(session, root_key_id, id, root);
      if (code == CKR_OK) code = session.p11->C_DestroyObject(session.handle, root);
      if (code != CKR_OK) return code;
      const std::lock_guard lock(mutex_);
      return load_roots(session);
    });
  }

  Result<bool> unseal(std::string_view input) override {
    if (token_->logged_in()) return problems::conflict("The keyring is unsealed already.");
    CHECK_OK(start(SecureString(input)));
    return true;
  }

  void seal() override {
    token_->log_out();
    const std::lock_guard lock(mutex_);
    roots_.clear();
    connection_ = 0;
  }

  Result<StoredSigningKey> generate_signing_key() override {
    if (!sign_in_token_) return Keyring::generate_signing_key();
    const Uuid id = Uuid::v4();
    StoredSigningKey made{.kid = {},
                          .public_key = {},
                          .root_key_id = std::string(kHeldInToken),
                          .blob = Bytes(id.bytes.begin(), id.bytes.end())};
    CHECK_OK(token_->with_session(
        [&](Session& session) { return generate_pair(session, made.blob, made.public_key); }));
    if (made.public_key.size() != 32) {
      return problems::internal("The token gave a public key of an unknown form.");
    }
    made.kid = key_id_of(made.public_key);
    return made;
  }

  Result<std::shared_ptr<const Signer>> open_signing_key(const StoredSigningKey& stored) override {
    if (stored.root_key_id != kHeldInToken) return Keyring::open_signing_key(stored);
    if (key_id_of(stored.public_key) != stored.kid) {
      return problems::internal("The signing key isn't the one its record names.");
    }
    return std::shared_ptr<const Signer>(std::make_shared<TokenSigner>(*token_, stored));
  }

 private:
  /// By id, and so by age. With mutex_ held.
  CK_RV load_roots(Session& session) {
    CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    std::vector<CK_OBJECT_HANDLE> found;
    const CK_RV code = find_objects(session,
                                    {attribute(CKA_CLASS, kind), attribute(CKA_KEY_TYPE, type),
                                     text_attribute(CKA_LABEL, object_)},
                                    found);
    if (code != CKR_OK) return code;
    roots_.clear();
    for (const CK_OBJECT_HANDLE key : found) {
      std::array<std::uint8_t, kIdSize> id{};
      CK_ATTRIBUTE wanted = attribute(CKA_ID, id);
      if (session.p11->C_GetAttributeValue(session.handle, key, &wanted, 1) != CKR_OK ||
          wanted.ulValueLen != kIdSize) {
        continue;
      }
      roots_[Uuid::from_bytes(id)->to_string()] = key;
    }
    connection_ = session.connection;
    return CKR_OK;
  }

  /// The root key `wanted`, the active one when it is empty. CKR_KEY_NOT_NEEDED: no such key.
  CK_RV find_root(Session& session, std::string_view wanted, std::string& id,
                  CK_OBJECT_HANDLE& key) {
    const std::lock_guard lock(mutex_);
    if (connection_ != session.connection) {
      const CK_RV code = load_roots(session);
      if (code != CKR_OK) return code;
    }
    // Another node may have made it. What wraps must be the newest that any node has made, or an
    // older root key would go on wrapping, even while it is being forgotten.
    if (wanted.empty() || !roots_.contains(std::string(wanted))) {
      const CK_RV code = load_roots(session);
      if (code != CKR_OK) return code;
    }
    if (roots_.empty()) return CKR_TOKEN_NOT_PRESENT;  // what came back isn't our token
    const auto found = wanted.empty() ? std::prev(roots_.end()) : roots_.find(std::string(wanted));
    if (found == roots_.end()) return CKR_KEY_NOT_NEEDED;
    id = found->first;
    key = found->second;
    return CKR_OK;
  }

  static CK_GCM_PARAMS gcm(std::uint8_t* nonce, const Bytes& aad) {
    CK_GCM_PARAMS params{};
    params.iv_ptr = nonce;
    params.iv_len = kNonceSize;
    params.iv_bits = kNonceSize * 8;
    params.aad_ptr = const_cast<std::uint8_t*>(aad.data());  // read alone
    params.aad_len = aad.size();
    params.tag_bits = kTagSize * 8;
    return params;
  }

  static CK_RV encrypt(Session& session, CK_OBJECT_HANDLE root, ByteView plain, const Bytes& aad,
                       Bytes& blob) {
    blob.assign(kNonceSize + plain.size() + kTagSize, 0);
    randombytes_buf(blob.data(), kNonceSize);
    CK_GCM_PARAMS params = gcm(blob.data(), aad);
    CK_MECHANISM mechanism{CKM_AES_GCM, &params, sizeof(params)};
    CK_RV code = session.p11->C_EncryptInit(session.handle, &mechanism, root);
    if (code != CKR_OK) return code;
    CK_ULONG size = plain.size() + kTagSize;
    code = session.p11->C_Encrypt(session.handle, const_cast<CK_BYTE_PTR>(plain.data()),
                                  plain.size(), blob.data() + kNonceSize, &size);
    if (code == CKR_OK && size != plain.size() + kTagSize) return CKR_DEVICE_ERROR;
    return code;
  }

  static CK_RV decrypt(Session& session, CK_OBJECT_HANDLE root, const Bytes& blob, const Bytes& aad,
                       SecureBytes& plain) {
    Bytes nonce(blob.begin(), blob.begin() + kNonceSize);
    CK_GCM_PARAMS params = gcm(nonce.data(), aad);
    CK_MECHANISM mechanism{CKM_AES_GCM, &params, sizeof(params)};
    CK_RV code = session.p11->C_DecryptInit(session.handle, &mechanism, root);
    if (code != CKR_OK) return code;
    const std::size_t sealed = blob.size() - kNonceSize;
    plain.resize(sealed);
    CK_ULONG size = plain.size();
    code = session.p11->C_Decrypt(session.handle, const_cast<CK_BYTE_PTR>(blob.data() + kNonceSize),
                                  sealed, plain.data(), &size);
    plain.resize(code == CKR_OK ? std::min<std::size_t>(size, sealed) : 0);
    return code;
  }

  static CK_RV generate_pair(Session& session, const Bytes& id, Bytes& public_key) {
    // PrintableString "edwards25519" (PKCS #11 v3.0 §6.3.3), which tokens know best.
    constexpr std::string_view kCurve(
        "\x13\x0c"
        "edwards25519",
        14);
    CK_MECHANISM mechanism{CKM_EC_EDWARDS_KEY_PAIR_GEN, nullptr, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    std::array public_part{attribute(CKA_TOKEN, yes), attribute(CKA_VERIFY, yes),
                           text_attribute(CKA_EC_PARAMS, kCurve),
                           text_attribute(CKA_LABEL, kSigningLabel),
                           bytes_attribute(CKA_ID, ByteView(id))};
    std::array private_part{attribute(CKA_TOKEN, yes),
                            attribute(CKA_PRIVATE, yes),
                            attribute(CKA_SENSITIVE, yes),
                            attribute(CKA_EXTRACTABLE, no),
                            attribute(CKA_SIGN, yes),
                            text_attribute(CKA_LABEL, kSigningLabel),
                            bytes_attribute(CKA_ID, ByteView(id))};
    CK_OBJECT_HANDLE public_handle = 0;
    CK_OBJECT_HANDLE private_handle = 0;
    CK_RV code = session.p11->C_GenerateKeyPair(
        session.handle, &mechanism, public_part.data(), public_part.size(), private_part.data(),
        private_part.size(), &public_handle, &private_handle);
    if (code != CKR_OK) return code;
    std::array<std::uint8_t, 64> point{};
    CK_ATTRIBUTE wanted{CKA_EC_POINT, point.data(), point.size()};
    code = session.p11->C_GetAttributeValue(session.handle, public_handle, &wanted, 1);
    if (code != CKR_OK) return code;
    // The 32 bytes, bare or in a DER OCTET STRING.
    ByteView bytes = ByteView(point).first(std::min<std::size_t>(wanted.ulValueLen, point.size()));
    if (bytes.size() == 34 && bytes[0] == 0x04 && bytes[1] == 0x20) bytes = bytes.subspan(2);
    public_key.assign(bytes.begin(), bytes.end());
    return CKR_OK;
  }

  std::unique_ptr<Pkcs11Token> token_;
  const std::string object_;
  const bool create_;
  const bool sign_in_token_;
  mutable std::mutex mutex_;
  std::uint64_t connection_ = 0;
  std::map<std::string, CK_OBJECT_HANDLE> roots_;
};

Problem bad_uri(std::string message) {
  return problems::validation("keyring", std::move(message));
}

/// nullopt when the URI names no PIN.
Result<std::optional<SecureString>> read_pin(P11KitUri* uri) {
  if (const char* const value = p11_kit_uri_get_pin_value(uri))
    return std::optional(SecureString(value));
  const char* const source = p11_kit_uri_get_pin_source(uri);
  if (source == nullptr) return std::optional<SecureString>();
  std::string_view name = source;
  constexpr std::string_view kFile = "file:";
  constexpr std::string_view kCredential = "credential:";
  std::filesystem::path file = name;
  if (name.starts_with(kFile)) file = name.substr(name.starts_with("file://") ? 7 : kFile.size());
  if (name.starts_with(kCredential)) {
    TRY(file, systemd_credential(name.substr(kCredential.size())));
  }
  TRY(SecureString pin, read_passphrase_file(file));
  return std::optional(std::move(pin));
}

}  // namespace

Result<std::unique_ptr<Keyring>> open_pkcs11_keyring(const KeyringOptions& options) {
  Pkcs11Token::Uri uri(p11_kit_uri_new());
  if (!uri ||
      p11_kit_uri_parse(options.uri.c_str(), P11_KIT_URI_FOR_ANY, uri.get()) != P11_KIT_URI_OK) {
    return bad_uri("must be a pkcs11: URI as of RFC 7512");
  }
  if (p11_kit_uri_any_unrecognized(uri.get()) != 0)
    return bad_uri("has an attribute we don't know");
  std::string object(kDefaultObject);
  if (const CK_ATTRIBUTE* const label = p11_kit_uri_get_attribute(uri.get(), CKA_LABEL)) {
    object.assign(static_cast<const char*>(label->pValue), label->ulValueLen);
  }
  TRY(std::optional<SecureString> pin, read_pin(uri.get()));
  TRY(auto token, Pkcs11Token::load(std::move(uri)));
  auto keyring = std::make_unique<Pkcs11Keyring>(std::move(token), std::move(object), options);
  if (pin) CHECK_OK(keyring->start(std::move(*pin)));
  return std::unique_ptr<Keyring>(std::move(keyring));
}

}  // namespace oneclaw::crypto

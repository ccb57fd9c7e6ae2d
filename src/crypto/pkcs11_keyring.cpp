#include "crypto/pkcs11_keyring.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/uuid.h"
#include "crypto/aead.h"
#include "crypto/aead_raw.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/passphrase_source.h"
#include "crypto/pkcs11_objects.h"
#include "crypto/pkcs11_token.h"

namespace oneclaw::crypto {
namespace {

using pkcs11::Session;

constexpr std::string_view kDefaultObject = "oneclaw-root";

Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

/// The root keys as a connection last saw them. Shared with calls that were given up.
class RootKeys {
 public:
  using ById = std::map<std::string, CK_OBJECT_HANDLE>;  // and so by age

  explicit RootKeys(std::string label) : label_(std::move(label)) {}

  [[nodiscard]] const std::string& label() const { return label_; }
  ById known() {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  CK_RV load(Session& session) {
    std::vector<pkcs11::RootKey> found;
    const CK_RV code = pkcs11::find_root_keys(session, label_, found);
    if (code != CKR_OK) return code;
    const std::lock_guard lock(mutex_);
    keys_.clear();
    for (const pkcs11::RootKey& key : found) keys_[key.id.to_string()] = key.handle;
    connection_ = session.connection;
    return CKR_OK;
  }
  /// The root key `wanted`, the active one when it is empty. CKR_KEY_NOT_NEEDED: no such key.
  CK_RV find(Session& session, std::string_view wanted, std::string& id, CK_OBJECT_HANDLE& key) {
    if (!wanted.empty() && find_known(session, wanted, id, key)) return CKR_OK;
    // Another node may have made it. What wraps must be the newest that any node has made, or an
    // older root key would go on wrapping, even while it is being forgotten.
    const CK_RV code = load(session);
    if (code != CKR_OK) return code;
    if (known().empty()) return CKR_TOKEN_NOT_PRESENT;  // what came back isn't our token
    return find_known(session, wanted, id, key) ? CKR_OK : CKR_KEY_NOT_NEEDED;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    keys_.clear();
    connection_ = 0;
  }

 private:
  bool find_known(Session& session, std::string_view wanted, std::string& id,
                  CK_OBJECT_HANDLE& key) {
    const std::lock_guard lock(mutex_);
    if (connection_ != session.connection || keys_.empty()) return false;
    const auto found = wanted.empty() ? std::prev(keys_.end()) : keys_.find(std::string(wanted));
    if (found == keys_.end()) return false;
    id = found->first;
    key = found->second;
    return true;
  }

  const std::string label_;
  std::mutex mutex_;
  std::uint64_t connection_ = 0;
  ById keys_;
};

/// A key in the token, found again after each new connection.
class TokenSigner final : public Signer, public std::enable_shared_from_this<TokenSigner> {
 public:
  TokenSigner(Pkcs11Token& token, StoredSigningKey stored)
      : token_(token), stored_(std::move(stored)) {}

  [[nodiscard]] ByteView public_key() const override { return stored_.public_key; }
  [[nodiscard]] const std::string& kid() const override { return stored_.kid; }

  Result<Bytes> sign(ByteView message) const override {
    return token_.call<Bytes>([self = shared_from_this(), message = copy_of(message)](
                                  Session& session, Bytes& signature) {
      CK_OBJECT_HANDLE key = 0;
      const CK_RV code = self->find(session, key);
      if (code != CKR_OK) return code;
      return pkcs11::sign(session, key, message, signature);
    });
  }

 private:
  CK_RV find(Session& session, CK_OBJECT_HANDLE& key) const {
    {
      const std::lock_guard lock(mutex_);
      key = key_;
      if (connection_ == session.connection) return CKR_OK;
    }
    const CK_RV code = pkcs11::find_private_key(session, stored_.blob, key);
    if (code != CKR_OK) return code;
    const std::lock_guard lock(mutex_);
    key_ = key;
    connection_ = session.connection;
    return CKR_OK;
  }

  Pkcs11Token& token_;
  const StoredSigningKey stored_;
  mutable std::mutex mutex_;
  mutable std::uint64_t connection_ = 0;
  mutable CK_OBJECT_HANDLE key_ = 0;
};

class Pkcs11Keyring final : public Keyring {
 public:
  Pkcs11Keyring(std::unique_ptr<Pkcs11Token> token, std::string object,
                const KeyringOptions& options)
      : token_(std::move(token)),
        roots_(std::make_shared<RootKeys>(std::move(object))),
        create_(options.create),
        sign_in_token_(options.sign_in_token) {}

  /// Logs in and looks at the root keys; makes the first one when there is no data yet.
  Result<void> start(SecureString pin) {
    CHECK_OK(token_->log_in(std::move(pin)));
    auto checked = check_roots();
    if (!checked.ok()) token_->log_out();
    return checked;
  }

  Result<WrappedKey> wrap(ByteView key, ByteView aad) override {
    return token_->call<WrappedKey>([roots = roots_, key = SecureBytes(key.begin(), key.end()),
                                     aad = copy_of(aad)](Session& session, WrappedKey& wrapped) {
      CK_OBJECT_HANDLE root = 0;
      const CK_RV code = roots->find(session, {}, wrapped.root_key_id, root);
      if (code != CKR_OK) return code;
      return pkcs11::encrypt(session, root, key, root_aad(wrapped.root_key_id, aad), wrapped.blob);
    });
  }

  Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) override {
    if (wrapped.blob.size() < kNonceSize + kTagSize) return decryption_failed();
    struct Opened {
      SecureBytes key{};
      bool opened = false;
      bool known = false;
    };
    TRY(Opened result, token_->call<Opened>([roots = roots_, wrapped, aad = copy_of(aad)](
                                                Session& session, Opened& out) -> CK_RV {
      std::string id;
      CK_OBJECT_HANDLE root = 0;
      CK_RV code = roots->find(session, wrapped.root_key_id, id, root);
      out.known = code != CKR_KEY_NOT_NEEDED;
      if (!out.known) return CKR_OK;
      if (code != CKR_OK) return code;
      code =
          pkcs11::decrypt(session, root, wrapped.blob, root_aad(wrapped.root_key_id, aad), out.key);
      out.opened = code == CKR_OK;
      if (out.opened) return CKR_OK;
      // Tokens answer a wrong tag with all kinds of codes. When the same key still works, it
      // was the blob.
      Bytes probe;
      SecureBytes back;
      const CK_RV worked = pkcs11::encrypt(session, root, as_bytes("probe"), Bytes{1}, probe);
      if (worked != CKR_OK) return worked;
      return pkcs11::decrypt(session, root, probe, Bytes{1}, back);
    }));
    if (!result.known) {
      return problems::unavailable("The root key that this data needs is not in the keyring.");
    }
    if (!result.opened) return decryption_failed();
    return std::move(result.key);
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
    const RootKeys::ById known = roots_->known();
    for (const auto& [id, key] : known) status.root_key_ids.push_back(id);
    if (!known.empty()) status.active_root_key_id = known.rbegin()->first;
    return status;
  }

  Result<std::string> rotate() override {
    const Uuid made = Uuid::v7();  // in time order, so that the newest is the last
    CHECK_OK(token_->with_session([roots = roots_, made](Session& session) {
      const CK_RV code = pkcs11::generate_root_key(session, roots->label(), made);
      if (code != CKR_OK) return code;
      return roots->load(session);
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
    return token_->with_session(
        [roots = roots_, wanted = std::string(root_key_id)](Session& session) {
          std::string id;
          CK_OBJECT_HANDLE root = 0;
          CK_RV code = roots->find(session, wanted, id, root);
          if (code == CKR_OK) code = session.p11->C_DestroyObject(session.handle, root);
          if (code != CKR_OK) return code;
          return roots->load(session);
        });
  }

  Result<bool> unseal(std::string_view input) override {
    if (token_->logged_in()) return problems::conflict("The keyring is unsealed already.");
    CHECK_OK(start(SecureString(input)));
    return true;
  }

  void seal() override {
    token_->log_out();
    roots_->forget();
  }

  Result<StoredSigningKey> generate_signing_key() override {
    if (!sign_in_token_) return Keyring::generate_signing_key();
    const Uuid id = Uuid::v4();
    StoredSigningKey made{.kid = {},
                          .public_key = {},
                          .root_key_id = std::string(kHeldInToken),
                          .blob = Bytes(id.bytes.begin(), id.bytes.end())};
    TRY(made.public_key,
        token_->call<Bytes>([blob = made.blob](Session& session, Bytes& public_key) {
          return pkcs11::generate_pair(session, blob, public_key);
        }));
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
  Result<void> check_roots() {
    TRY(const bool readable, token_->call<bool>([roots = roots_](Session& session, bool& found) {
      const CK_RV code = roots->load(session);
      for (const auto& [id, key] : roots->known()) found |= pkcs11::can_be_read(session, key);
      return code;
    }));
    if (readable) {
      return problems::internal(
          "A root key in the token could be read out of it: it must be "
          "sensitive and not extractable.");
    }
    if (!roots_->known().empty()) return {};
    if (!create_) {
      return problems::internal("The token has no root key labelled " + roots_->label() + ".");
    }
    CHECK_OK(rotate());
    return {};
  }

  std::unique_ptr<Pkcs11Token> token_;
  const std::shared_ptr<RootKeys> roots_;
  const bool create_;
  const bool sign_in_token_;
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

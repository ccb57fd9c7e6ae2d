#include "crypto/keyring.h"

#include <utility>

#include "crypto/aad_writer.h"
#include "crypto/jwt.h"

namespace oneclaw::crypto {
namespace {

class MemorySigner final : public Signer {
 public:
  explicit MemorySigner(Ed25519Key key) : key_(std::move(key)) {}
  [[nodiscard]] ByteView public_key() const override { return key_.public_key(); }
  [[nodiscard]] const std::string& kid() const override { return key_.kid(); }
  Result<Bytes> sign(ByteView message) const override { return key_.sign(message); }

 private:
  Ed25519Key key_;
};

}  // namespace

std::shared_ptr<const Signer> make_signer(Ed25519Key key) {
  return std::make_shared<MemorySigner>(std::move(key));
}

Bytes root_aad(std::string_view root_key_id, ByteView aad) {
  Bytes out;
  AadWriter(out, "oneclaw/root/1").text(root_key_id).bytes(aad);
  return out;
}

Bytes signing_key_aad(std::string_view kid) {
  const std::string text = "oneclaw/server-key/v1|signing|" + std::string(kid);
  return {text.begin(), text.end()};
}

std::string_view to_string(KeyringState state) {
  switch (state) {
    case KeyringState::kUninitialized:
      return "uninitialized";
    case KeyringState::kSealed:
      return "sealed";
    case KeyringState::kUnavailable:
      return "unavailable";
    case KeyringState::kReady:
      break;
  }
  return "ready";
}

std::string_view to_string(UnsealWith what) {
  switch (what) {
    case UnsealWith::kPassphrase:
      return "passphrase";
    case UnsealWith::kShares:
      return "shares";
    case UnsealWith::kPin:
      return "pin";
    case UnsealWith::kNothing:
      break;
  }
  return "nothing";
}

Problem sealed_problem() {
  Problem problem = problems::unavailable("The server is sealed.", 5);
  problem.code = "sealed";
  return problem;
}

Result<StoredSigningKey> Keyring::generate_signing_key() {
  const Ed25519Key key = Ed25519Key::generate();
  TRY(WrappedKey wrapped, wrap(key.seed().view(), signing_key_aad(key.kid())));
  return StoredSigningKey{.kid = key.kid(),
                          .public_key = Bytes(key.public_key().begin(), key.public_key().end()),
                          .root_key_id = std::move(wrapped.root_key_id),
                          .blob = std::move(wrapped.blob)};
}

Result<std::shared_ptr<const Signer>> Keyring::open_signing_key(const StoredSigningKey& stored) {
  if (stored.root_key_id == kHeldInToken) {
    return problems::internal("The signing key is in a PKCS#11 token, but the keyring isn't.");
  }
  TRY(const SecureBytes seed,
      unwrap({stored.root_key_id, stored.blob}, signing_key_aad(stored.kid)));
  if (seed.size() != Key256::kSize) return problems::internal("The signing key is malformed.");
  Ed25519Key key = Ed25519Key::from_seed(Key256(seed));
  if (key.kid() != stored.kid) {
    return problems::internal("The signing key isn't the one its record names.");
  }
  return make_signer(std::move(key));
}

Result<ProtectionOutcome> Keyring::init(const Protection& /*protection*/) {
  return problems::conflict("This keyring has its root key already.");
}

Result<ProtectionOutcome> Keyring::rekey(const Protection& /*protection*/,
                                         std::string_view /*proof*/) {
  return problems::conflict("This keyring's protection isn't oneclaw's to change.");
}

}  // namespace oneclaw::crypto

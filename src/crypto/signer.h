// What signs our JWTs: a key in memory, or one inside a PKCS#11 token.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

class Ed25519Key;

/// An Ed25519 key (RFC 8032). Implementations are thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual ByteView public_key() const = 0;     ///< 32 bytes
  [[nodiscard]] virtual const std::string& kid() const = 0;  ///< RFC 7638 thumbprint
  /// 64 bytes; 503 when the key's holder doesn't answer.
  virtual Result<Bytes> sign(ByteView message) const = 0;
};

std::shared_ptr<const Signer> make_signer(Ed25519Key key);

}  // namespace oneclaw::crypto

// The keys that sign and verify our JWTs, which may change while the server serves.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/shared_slot.h"
#include "base/time.h"
#include "crypto/jwt.h"
#include "crypto/keyring.h"
#include "store/key_repository.h"

namespace oneclaw::service {

/// Thread-safe.
class SigningKeys {
 public:
  /// How long a key that signs no more still verifies: longer than any token lives, with leeway.
  static constexpr std::chrono::seconds kOverlap{24 * 3600 + 300};

  struct Set {
    std::shared_ptr<const crypto::Signer> signer;
    std::vector<crypto::TokenVerifier::PublicKey> verifying;  ///< the signer's first
    crypto::TokenVerifier verifier;
  };

  /// `issuer`: the `iss` that tokens must have.
  explicit SigningKeys(std::string issuer) : issuer_(std::move(issuer)) {}

  /// Takes the newest key that signs at `at` to sign, and all but those retired kOverlap ago or
  /// longer to verify. 500 when there is none to sign or the keyring doesn't open it. Does nothing
  /// when that is what it has.
  Result<void> load(const std::vector<store::SigningKeyRow>& rows, crypto::Keyring& keyring,
                    TimePoint at);
  /// What load() took. Null before it.
  [[nodiscard]] std::shared_ptr<const Set> current() const { return current_.load(); }

 private:
  std::string issuer_;
  SharedSlot<const Set> current_;
};

}  // namespace oneclaw::service

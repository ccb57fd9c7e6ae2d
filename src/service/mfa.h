// The second factor: TOTP (RFC 6238) and recovery codes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/field_seal.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/tokens.h"
#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

inline constexpr int kRecoveryCodes = 8;
inline constexpr std::chrono::minutes kMfaTokenLife{5};
/// Wrong codes that one MFA token outlives.
inline constexpr std::int64_t kMostMfaFailures = 5;

struct MfaStatus {
  bool enabled = false;
  std::int64_t recovery_codes_left = 0;
};

struct MfaSetup {
  SecureString secret;  ///< base32
  SecureString uri;     ///< otpauth://
};

/// Wrong codes back off per account and per address, as wrong passwords do. A code works once.
class Mfa {
 public:
  Mfa(store::Store& store, Tokens& tokens, Passwords& passwords, AuditLog& audit,
      const FieldSeal& seal, const Outbox& outbox)
      : store_(store),
        tokens_(tokens),
        passwords_(passwords),
        audit_(audit),
        seal_(seal),
        outbox_(outbox) {}

  boost::asio::awaitable<Result<MfaStatus>> status(Caller& caller);
  /// A fresh secret, which takes effect once confirm() has seen a code of it. 409 when one is on.
  boost::asio::awaitable<Result<MfaSetup>> setup(Caller& caller);
  /// Turns the second factor on; gives the recovery codes, shown this once. 400 "code".
  boost::asio::awaitable<Result<std::vector<SecureString>>> confirm(Caller& caller,
                                                                    SecureString code);
  /// The second half of a log-in. 401 for a token that isn't good (any more) and for a wrong code.
  boost::asio::awaitable<Result<IssuedToken>> verify(Caller& caller, SecureString mfa_token,
                                                     SecureString code);
  /// Turns it off. `code` (or, without one, `password`) must be right: 400 naming it.
  boost::asio::awaitable<Result<void>> disable(Caller& caller, std::optional<SecureString> code,
                                               std::optional<SecureString> password);

  /// Whether `code` is a code of the person's now (TOTP or recovery), in a try of its own that
  /// counts: 429 in back-off. Uses the code up.
  boost::asio::awaitable<Result<bool>> check(const Caller& caller, Uuid user_id, SecureString code);

 private:
  Result<bool> use_code(store::Transaction& transaction, const Uuid& user_id,
                        std::string_view code) const;
  Result<bool> use_totp(store::Transaction& transaction, const Uuid& user_id, std::string_view code,
                        bool confirmed) const;
  boost::asio::awaitable<Result<void>> refuse(Caller& caller, std::string_view action,
                                              const Uuid& org_id, std::string user_id, int status);

  store::Store& store_;
  Tokens& tokens_;
  Passwords& passwords_;
  AuditLog& audit_;
  const FieldSeal& seal_;
  const Outbox& outbox_;
};

/// A token that stands for a right password and waits for a code, inside a write transaction.
SecureString make_mfa_token(store::Transaction& transaction, const Key256& mac_key,
                            const store::UserRow& user);

}  // namespace oneclaw::service

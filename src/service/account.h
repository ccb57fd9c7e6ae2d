// Use cases of an account's address and password: proving, changing and recovering them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/action_limiter.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/tokens.h"
#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

inline constexpr std::chrono::hours kResetLife{1};
inline constexpr std::chrono::seconds kEmailChangeLife{900};
/// Wrong codes that one change of address outlives.
inline constexpr std::int64_t kMostEmailChangeFailures = 5;
inline constexpr std::size_t kLeastSetPasswordBytes = 12;

struct EmailChange {
  std::string new_email;
  std::optional<SecureString> code;  ///< only when there is no mail server to send it
};

struct ResetLink {
  SecureString url;
  TimePoint expires_at{};
};

class Account {
 public:
  Account(store::Store& store, Passwords& passwords, AuditLog& audit, const Outbox& outbox,
          const Key256& mac_key)
      : store_(store), passwords_(passwords), audit_(audit), outbox_(outbox), mac_key_(mac_key) {}

  /// Whether emails are sent at all.
  [[nodiscard]] bool sends_mail() const { return outbox_.mail_enabled(); }

  /// Sends a link, if the address has an account; the answer is the same if it hasn't. 429 when
  /// the address or the client asks too often. Without a mail server nothing can be sent: the
  /// log names the person by id.
  boost::asio::awaitable<Result<void>> forgot_password(Caller& caller, std::string email);
  /// A link for the operator to hand over: how a password is recovered without a mail server. 404
  /// when no active account has the address, 409 when it has no password to reset.
  boost::asio::awaitable<Result<ResetLink>> reset_link(std::string email);
  /// Ends every live token, every refresh token and every pending log-in of the person. A token
  /// works once: 400 "token".
  boost::asio::awaitable<Result<void>> reset_password(Caller& caller, SecureString token,
                                                      SecureString fresh);
  /// For an account that has none (it came through Google); 400 when it has one.
  boost::asio::awaitable<Result<void>> set_password(Caller& caller, SecureString password);
  /// Sends a code to the new address. 409 when it is taken.
  boost::asio::awaitable<Result<EmailChange>> change_email(Caller& caller, std::string new_email);
  /// The new address, once its code was shown. 400 "code".
  boost::asio::awaitable<Result<std::string>> verify_email_change(Caller& caller,
                                                                  SecureString code);

 private:
  boost::asio::awaitable<Result<void>> refuse(Caller& caller, std::string action,
                                              const Uuid& org_id, const std::string& user_id);

  store::Store& store_;
  Passwords& passwords_;
  AuditLog& audit_;
  const Outbox& outbox_;
  const Key256& mac_key_;
  ActionLimiter limiter_;
};

}  // namespace oneclaw::service

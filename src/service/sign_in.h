// Use cases of signing up, in and out: every way to a token, and back.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/jwt.h"
#include "service/action_limiter.h"
#include "service/audit_log.h"
#include "service/google_keys.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/quotas.h"
#include "service/tokens.h"
#include "store/store.h"

namespace oneclaw::service {

/// Lower-cased; 400 naming `field` unless it is local@domain of at most 254 bytes with no space.
Result<std::string> normalize_email(std::string_view email, std::string_view field = "email");
/// 400 naming `field` unless it has 8 to 256 bytes.
Result<void> validate_password(const SecureString& password, std::string_view field);

class SignIn {
 public:
  /// `verify_signups`: whether an account is made only once its address is proven.
  SignIn(store::Store& store, Tokens& tokens, Passwords& passwords, AuditLog& audit,
         const Outbox& outbox, bool verify_signups, GoogleKeys& google_keys,
         std::vector<std::string> google_client_ids, const Quotas& quotas);

  /// Makes the person and their own org, with role owner. When sign-ups are verified the account is
  /// made only by verify_email(), with the link that is sent: no token then, and the same answer
  /// when the address has an account (which is told so by email). Else the address is taken at its
  /// word, and a taken one is 400 "email". With an invitation to that address, which proves it, the
  /// account is made at once, in the org that invites: 404 or 403 when it doesn't hold.
  boost::asio::awaitable<Result<std::optional<IssuedToken>>> signup(
      Caller& caller, std::string email, SecureString password, std::string display_name,
      std::optional<SecureString> invite_token);
  /// Makes the account of a sign-up. Works once, for 24 hours: 400 "token".
  boost::asio::awaitable<Result<IssuedToken>> verify_email(Caller& caller, SecureString token);
  /// 401 for an unknown account and for a wrong password alike, in the same time; 429 in back-off.
  /// With the second factor on it gives an MFA token alone.
  boost::asio::awaitable<Result<IssuedToken>> login(Caller& caller, std::string email,
                                                    SecureString password);
  /// Signs in, or up at the first time. 401 for a token that does not hold; 409 when the address
  /// has an account with a password: that one must not be taken over by another way in.
  boost::asio::awaitable<Result<IssuedToken>> google(Caller& caller, SecureString id_token);
  /// A personal key `1ck_…`: the token has the key's scopes.
  boost::asio::awaitable<Result<IssuedToken>> api_key(Caller& caller, SecureString key);
  /// An agent key `ocv_…`; 401 too when `agent_id` is given and isn't the key's agent.
  boost::asio::awaitable<Result<IssuedToken>> agent_key(Caller& caller, SecureString key,
                                                        std::optional<Uuid> agent_id);
  /// Trades a refresh token for a new pair. A spent one revokes its whole family: 401.
  boost::asio::awaitable<Result<IssuedToken>> refresh(Caller& caller, SecureString refresh_token);
  /// Ends the caller's token, and the refresh family it came with.
  boost::asio::awaitable<Result<void>> sign_out(Caller& caller);

 private:
  /// Audits auth.failure in the chain of `org_id`, then gives 401.
  boost::asio::awaitable<Problem> refuse(Caller& caller, Uuid org_id, std::string_view method,
                                         std::string actor, Problem problem);
  boost::asio::awaitable<Result<IssuedToken>> enter(Caller& caller, store::UserRow user,
                                                    std::string action);
  boost::asio::awaitable<Result<IssuedToken>> enrol(Caller& caller, store::UserRow user,
                                                    std::string action,
                                                    const SecureString* invite_token = nullptr);
  /// The same inside a write transaction.
  Result<IssuedToken> make_account(store::Transaction& transaction, const Caller& caller,
                                   store::UserRow user, std::string action,
                                   const SecureString* invite_token = nullptr) const;
  /// An MFA token alone: the password was right, and a code is to come.
  boost::asio::awaitable<Result<IssuedToken>> challenge(Caller& caller, store::UserRow user);
  boost::asio::awaitable<Result<void>> ask_to_verify(Caller& caller, store::UserRow user);
  static store::UserRow new_user(std::string email, std::string auth_method);
  /// Revokes the refresh family of a session, and with it every access token that came of it.
  void end_session(store::Transaction& transaction, const Uuid& session_id, TimePoint at) const;

  store::Store& store_;
  Tokens& tokens_;
  Passwords& passwords_;
  AuditLog& audit_;
  const Outbox& outbox_;
  bool verify_signups_;
  GoogleKeys& google_keys_;
  crypto::IdTokenRules google_rules_;
  const Quotas& quotas_;
  ActionLimiter limiter_;
};

}  // namespace oneclaw::service

// Proving again who one is, for what can't be undone: the `X-Auth-Confirm` header.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/mfa.h"
#include "service/passwords.h"
#include "store/user_repository.h"

namespace oneclaw::service {

class StepUp {
 public:
  StepUp(Passwords& passwords, Mfa& mfa) : passwords_(passwords), mfa_(mfa) {}

  /// Nothing when `proof` is the person's password or, with the second factor on, a code; else
  /// what to tell them. A problem in back-off (429), for a personal key (403), and for an account
  /// with neither (403: set a password first).
  boost::asio::awaitable<Result<std::optional<std::string>>> confirm(
      const Caller& caller, const store::UserRow& user, std::optional<SecureString> proof);

 private:
  Passwords& passwords_;
  Mfa& mfa_;
};

}  // namespace oneclaw::service

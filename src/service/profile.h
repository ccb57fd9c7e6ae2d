// Use cases of a person's own account.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

class Profile {
 public:
  Profile(store::Store& store, Passwords& passwords, AuditLog& audit, const Outbox& outbox)
      : store_(store), passwords_(passwords), audit_(audit), outbox_(outbox) {}

  boost::asio::awaitable<Result<store::UserRow>> get(Caller& caller);
  /// What is absent stays as it is.
  boost::asio::awaitable<Result<store::UserRow>> update(Caller& caller,
                                                        std::optional<std::string> display_name,
                                                        std::optional<bool> marketing_emails);
  /// 400 when the current password is wrong (429 in back-off) or the account has none. Every live
  /// token and every refresh token of the person end at once.
  boost::asio::awaitable<Result<void>> change_password(Caller& caller, SecureString current,
                                                       SecureString fresh);

 private:
  store::Store& store_;
  Passwords& passwords_;
  AuditLog& audit_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

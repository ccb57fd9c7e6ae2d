// What every way to sign in ends with.
#pragma once

#include <string>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/tokens.h"
#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

/// The caller of a request that has just proved to be `user`.
Caller as_user(const Caller& caller, const store::UserRow& user);

/// Issues a token and a refresh token, and audits `action` as the person's own, inside a write
/// transaction. 401 when the person is in no org.
Result<IssuedToken> open_session(store::Transaction& transaction, const Tokens& tokens,
                                 const AuditLog& audit, const Caller& caller,
                                 const store::UserRow& user, std::string action);

/// 403 unless the caller's token comes of a sign-in: a personal key may do what it was made for,
/// but not change how its person signs in.
Result<void> require_session(const Caller& caller);

}  // namespace oneclaw::service

#include "service/session.h"

#include <utility>

namespace oneclaw::service {

Caller as_user(const Caller& caller, const store::UserRow& user) {
  Caller known = caller;
  known.principal.type = PrincipalType::kUser;
  known.principal.id = user.id;
  known.principal.org_id = user.home_org_id;
  return known;
}

Result<IssuedToken> open_session(store::Transaction& transaction, const Tokens& tokens,
                                 const AuditLog& audit, const Caller& caller,
                                 const store::UserRow& user, std::string action) {
  const auto role = store::UserRepository(transaction).role(user.home_org_id, user.id);
  if (!role) return problems::unauthorized("The account isn't active.");
  TRY(IssuedToken token,
      tokens.issue_for_user(transaction, user, *role, std::nullopt, std::nullopt));
  audit.append(transaction, as_user(caller, user),
               {.action = std::move(action),
                .resource_type = "user",
                .resource_id = user.id.to_string(),
                .details = {}});
  return token;
}

Result<void> require_session(const Caller& caller) {
  if (caller.principal.is_user() && caller.principal.session_id) return {};
  return problems::forbidden("Sign in to do this: a token from a personal key isn't enough.");
}

}  // namespace oneclaw::service

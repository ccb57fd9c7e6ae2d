#include "service/profile.h"

#include <utility>

#include "service/mail_texts.h"
#include "service/sign_in.h"
#include "store/refresh_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry user_entry(std::string action, const Uuid& user_id) {
  return {.action = std::move(action),
          .resource_type = "user",
          .resource_id = user_id.to_string(),
          .details = {}};
}

Result<store::UserRow> find_user(store::Transaction& transaction, const Uuid& id) {
  auto user = store::UserRepository(transaction).find(id);
  if (!user) return problems::not_found("No such user.");
  return std::move(*user);
}

}  // namespace

asio::awaitable<Result<store::UserRow>> Profile::get(Caller& caller) {
  const Uuid id = caller.principal.id;
  const auto read = [&](store::Transaction& transaction) { return find_user(transaction, id); };
  CO_TRY(store::UserRow user, co_await store_.read(read));
  AuditEntry entry = user_entry("user.read", id);
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(user);
}

asio::awaitable<Result<store::UserRow>> Profile::update(Caller& caller,
                                                        std::optional<std::string> display_name,
                                                        std::optional<bool> marketing_emails) {
  const Uuid id = caller.principal.id;
  const auto write = [&](store::Transaction& transaction) -> Result<store::UserRow> {
    store::UserRepository(transaction).update_profile(id, display_name, marketing_emails);
    audit_.append(transaction, caller, user_entry("user.update", id));
    return find_user(transaction, id);
  };
  CO_TRY(store::UserRow user, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(user);
}

asio::awaitable<Result<void>> Profile::change_password(Caller& caller, SecureString current,
                                                       SecureString fresh) {
  CO_CHECK_OK(validate_password(fresh, "new_password"));
  const Uuid id = caller.principal.id;
  const auto read = [&](store::Transaction& transaction) { return find_user(transaction, id); };
  CO_TRY(const store::UserRow user, co_await store_.read(read));
  if (!user.password_hash) co_return problems::bad_request("The account has no password.");
  CO_TRY(const Passwords::Attempt attempt, passwords_.admit(user.email, caller.address));
  CO_TRY(const bool right, co_await passwords_.verify(current, user.password_hash));
  if (!right) {
    passwords_.failed(user.email, caller.address);
    AuditEntry entry = user_entry("auth.change_password", id);
    CO_CHECK_OK(
        co_await audit_.record_refusal(caller, caller.principal.org_id, std::move(entry), 400));
    co_return problems::validation("current_password", "is wrong");
  }
  CO_TRY(const std::string phc, co_await passwords_.hash(fresh));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::UserRepository(transaction).set_password(id, phc);
    store::RefreshTokenRepository(transaction).revoke_user(id, now());
    outbox_.enqueue_email(transaction, user.home_org_id, mail::password_changed(user.email));
    audit_.append(transaction, caller, user_entry("auth.change_password", id));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  passwords_.succeeded(user.email);
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

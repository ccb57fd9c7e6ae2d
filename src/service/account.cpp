#include "service/account.h"

#include <utility>

#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/session.h"
#include "service/sign_in.h"
#include "service/verified_address.h"
#include "store/device_code_repository.h"
#include "store/one_time_token_repository.h"
#include "store/refresh_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kReset = "password_reset";
constexpr std::string_view kEmailChange = "email_change";
constexpr std::int64_t kMostPurged = 16;
constexpr std::uint32_t kCodes = 1'000'000;

constexpr ActionLimiter::Rule kResetsPerAddress{.most = 5, .window = std::chrono::hours(1)};
constexpr ActionLimiter::Rule kResetsPerClient{.most = 30, .window = std::chrono::hours(1)};
constexpr ActionLimiter::Rule kChangesPerAccount{.most = 5, .window = std::chrono::hours(1)};

AuditEntry account_entry(std::string action, std::string user_id) {
  return {.action = std::move(action),
          .resource_type = "user",
          .resource_id = std::move(user_id),
          .details = {}};
}

Problem bad_token() {
  return problems::validation("token", "isn't valid (any more)");
}

/// Six digits.
SecureString make_code() {
  std::uint32_t number = randombytes_uniform(kCodes);
  SecureString code("000000");
  for (std::size_t i = code.size(); i-- > 0; number /= 10) {
    code.data()[i] = static_cast<char>('0' + number % 10);
  }
  return code;
}

Bytes change_mac(const Key256& key, const Uuid& user_id, std::string_view code) {
  return code_mac(key, "email-change/v1", user_id, code);
}

Result<store::UserRow> find_user(store::Transaction& transaction, const Uuid& id) {
  auto user = store::UserRepository(transaction).find(id);
  if (!user) return problems::not_found("No such user.");
  return std::move(*user);
}

/// A fresh token that resets the person's password once, and the id that events name it by.
struct NewReset {
  SecureString token;
  Uuid id{};
  TimePoint expires_at{};
};

NewReset make_reset(store::OneTimeTokenRepository& tokens, const Key256& mac_key,
                    const store::UserRow& user, TimePoint at) {
  NewToken token = make_token(mac_key, kResetPrefix);
  const Uuid id = Uuid::v7();
  tokens.insert({.token_mac = std::move(token.mac),
                 .id = id,
                 .purpose = std::string(kReset),
                 .user_id = user.id,
                 .email = user.email,
                 .created_at = at,
                 .expires_at = at + kResetLife});
  return {std::move(token.text), id, at + kResetLife};
}

}  // namespace

asio::awaitable<Result<void>> Account::refuse(Caller& caller, std::string action,
                                              const Uuid& org_id, const std::string& user_id) {
  AuditEntry entry = account_entry(std::move(action), user_id);
  co_return co_await audit_.record_refusal(caller, org_id, std::move(entry), 400);
}

asio::awaitable<Result<void>> Account::forgot_password(Caller& caller, std::string email) {
  CO_TRY(const std::string normal, normalize_email(email));
  const TimePoint at = now();
  CO_CHECK_OK(limiter_.admit("client:" + client_key(caller.address), kResetsPerClient, at));
  CO_CHECK_OK(limiter_.admit("reset:" + normal, kResetsPerAddress, at));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::OneTimeTokenRepository tokens(transaction);
    tokens.purge_expired(at, kMostPurged);
    const auto user = store::UserRepository(transaction).find_by_email(normal);
    if (!user || !user->is_active) {
      audit_.append(transaction, Uuid{}, caller, account_entry("auth.forgot_password", {}));
      return {};
    }
    AuditEntry entry = account_entry("auth.forgot_password", user->id.to_string());
    entry.details["sent"] = outbox_.mail_enabled();
    // Without mail there is no way to hand a token over; the outbox logs the person's id instead.
    NewReset reset;
    if (user->password_hash && outbox_.mail_enabled()) {
      reset = make_reset(tokens, mac_key_, *user, at);
      entry.details["reset_id"] = reset.id.to_string();
    }
    outbox_.enqueue_email(transaction, user->home_org_id,
                          user->password_hash
                              ? mail::password_reset(normal, outbox_.public_url(), reset.token)
                              : mail::no_password(normal));
    audit_.append(transaction, user->home_org_id, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<ResetLink>> Account::reset_link(std::string email) {
  CO_TRY(const std::string normal, normalize_email(email));
  ResetLink link;
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    const auto user = store::UserRepository(transaction).find_by_email(normal);
    if (!user || !user->is_active) return problems::not_found("No account has that address.");
    if (!user->password_hash) {
      return problems::conflict("The account has no password: it signs in with Google.");
    }
    store::OneTimeTokenRepository tokens(transaction);
    const NewReset reset = make_reset(tokens, mac_key_, *user, now());
    link.url = SecureString(outbox_.public_url() + "/reset-password?token=");
    link.url.append(reset.token.view());
    link.expires_at = reset.expires_at;
    AuditEntry entry = account_entry("operator.reset_password", user->id.to_string());
    entry.details["reset_id"] = reset.id.to_string();
    audit_.append_operator(transaction, user->home_org_id, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  co_return std::move(link);
}

asio::awaitable<Result<void>> Account::reset_password(Caller& caller, SecureString token,
                                                      SecureString fresh) {
  CO_CHECK_OK(validate_password(fresh, "new_password"));
  const Bytes mac = token_mac(mac_key_, token.view());
  const auto find =
      [&](store::Transaction& transaction) -> Result<std::optional<store::OneTimeTokenRow>> {
    auto row = store::OneTimeTokenRepository(transaction).find(kReset, mac);
    if (row && row->expires_at <= now()) row.reset();
    return row;
  };
  // Hashing is dear: not for somebody without a token.
  CO_TRY(const auto known, co_await store_.read(find));
  if (!known) {
    CO_CHECK_OK(co_await refuse(caller, "auth.reset_password", Uuid{}, {}));
    co_return bad_token();
  }
  CO_TRY(const std::string phc, co_await passwords_.hash(fresh));
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<std::string>> {
    TRY(const auto row, find(transaction));
    store::UserRepository users(transaction);
    const auto user = row ? users.find(row->user_id) : std::nullopt;
    if (!user || !user->is_active) return std::optional<std::string>();
    users.set_password(user->id, phc);
    store::RefreshTokenRepository(transaction).revoke_user(user->id, now());
    store::DeviceCodeRepository(transaction).remove_for_user(user->id);
    store::OneTimeTokenRepository tokens(transaction);
    for (const std::string_view purpose : {kReset, kEmailChange, std::string_view("mfa")}) {
      tokens.remove_for_user(purpose, user->id);
    }
    outbox_.enqueue_email(transaction, user->home_org_id, mail::password_changed(user->email));
    audit_.append(transaction, as_user(caller, *user).principal.org_id, as_user(caller, *user),
                  account_entry("auth.reset_password", user->id.to_string()));
    return std::optional<std::string>(user->email);
  };
  CO_TRY(const auto email, co_await store_.write(write));
  if (!email) {
    CO_CHECK_OK(co_await refuse(caller, "auth.reset_password", Uuid{}, {}));
    co_return bad_token();
  }
  passwords_.succeeded(*email);
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> Account::set_password(Caller& caller, SecureString password) {
  CO_CHECK_OK(require_session(caller));
  CO_CHECK_OK(validate_password(password, "password"));
  if (password.size() < kLeastSetPasswordBytes) {
    co_return problems::validation("password", "must have 12 to 256 bytes");
  }
  CO_TRY(const std::string phc, co_await passwords_.hash(password));
  const Uuid user_id = caller.principal.id;
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::UserRow user, find_user(transaction, user_id));
    if (user.password_hash) {
      return problems::bad_request("The account has a password: change it instead.");
    }
    store::UserRepository(transaction).set_password_hash(user_id, phc);
    outbox_.enqueue_email(transaction, user.home_org_id, mail::password_changed(user.email));
    audit_.append(transaction, caller, account_entry("auth.set_password", user_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<EmailChange>> Account::change_email(Caller& caller, std::string new_email) {
  CO_CHECK_OK(require_session(caller));
  CO_TRY(const std::string normal, normalize_email(new_email, "new_email"));
  const Uuid user_id = caller.principal.id;
  const TimePoint at = now();
  CO_CHECK_OK(limiter_.admit("change:" + user_id.to_string(), kChangesPerAccount, at));
  SecureString code = make_code();
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::UserRow user, find_user(transaction, user_id));
    if (user.email == normal) return problems::validation("new_email", "is the address already");
    if (store::UserRepository(transaction).find_by_email(normal)) {
      return problems::conflict("That address has an account.");
    }
    store::OneTimeTokenRepository tokens(transaction);
    tokens.remove_for_user(kEmailChange, user_id);
    tokens.insert({.token_mac = change_mac(mac_key_, user_id, code.view()),
                   .id = Uuid::v7(),
                   .purpose = std::string(kEmailChange),
                   .user_id = user_id,
                   .email = normal,
                   .created_at = at,
                   .expires_at = at + kEmailChangeLife});
    outbox_.enqueue_email(transaction, user.home_org_id, mail::email_change(normal, code));
    audit_.append(transaction, caller, account_entry("auth.change_email", user_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  EmailChange change{normal, std::nullopt};
  if (!outbox_.mail_enabled()) change.code = std::move(code);
  co_return std::move(change);
}

asio::awaitable<Result<std::string>> Account::verify_email_change(Caller& caller,
                                                                  SecureString code) {
  CO_CHECK_OK(require_session(caller));
  const Uuid user_id = caller.principal.id;
  const std::string key = "email-change:" + user_id.to_string();
  CO_TRY(const Passwords::Attempt attempt, passwords_.admit(key, caller.address));
  const Bytes mac = change_mac(mac_key_, user_id, code.view());
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<std::string>> {
    store::OneTimeTokenRepository tokens(transaction);
    const auto row = tokens.find_newest(kEmailChange, user_id);
    if (!row || row->expires_at <= now() || row->failures >= kMostEmailChangeFailures) {
      return std::optional<std::string>();
    }
    if (!secure_equal(row->token_mac, mac)) {
      tokens.count_failure(row->id);
      return std::optional<std::string>();
    }
    tokens.remove(row->id);
    store::UserRepository users(transaction);
    TRY(store::UserRow user, find_user(transaction, user_id));
    if (users.find_by_email(row->email)) return problems::conflict("That address has an account.");
    users.set_email(user_id, row->email);
    outbox_.enqueue_email(transaction, user.home_org_id, mail::email_changed(user.email));
    user.email = row->email;
    address_verified(transaction, user);
    audit_.append(transaction, caller,
                  account_entry("auth.verify_email_change", user_id.to_string()));
    return std::optional<std::string>(row->email);
  };
  CO_TRY(auto email, co_await store_.write(write));
  if (!email) {
    passwords_.failed(key, caller.address);
    CO_CHECK_OK(co_await refuse(caller, "auth.verify_email_change", caller.principal.org_id,
                                user_id.to_string()));
    co_return problems::validation("code", "is wrong, or has expired");
  }
  passwords_.succeeded(key);
  caller.audited = true;
  co_return std::move(*email);
}

}  // namespace oneclaw::service

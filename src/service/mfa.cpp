#include "service/mfa.h"

#include <algorithm>
#include <utility>

#include "crypto/totp.h"
#include "service/mail_texts.h"
#include "service/one_time_tokens.h"
#include "service/session.h"
#include "store/mfa_repository.h"
#include "store/one_time_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kPurpose = "mfa";
constexpr std::string_view kSealColumn = "totp_secrets.sealed";
constexpr std::string_view kIssuer = "oneclaw";
constexpr std::int64_t kMostPurged = 16;
/// Lower case and digits without those that look alike: 10 of 30 are 49 bits.
constexpr std::string_view kCodeAlphabet = "abcdefghjkmnpqrstvwxyz23456789";
constexpr std::size_t kRecoveryChars = 10;

std::string throttle_key(const Uuid& user_id) {
  return "mfa:" + user_id.to_string();
}

AuditEntry mfa_entry(std::string_view action, std::string user_id) {
  return {.action = std::string(action),
          .resource_type = "user",
          .resource_id = std::move(user_id),
          .details = {}};
}

/// A code as people type it: dashes and spaces dropped, letters in lower case.
SecureString normalize_code(std::string_view code) {
  SecureString normal;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    normal.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return normal;
}

SecureString make_recovery_code() {
  SecureString code;
  for (std::size_t i = 0; i < kRecoveryChars; ++i) {
    if (i == kRecoveryChars / 2) code.push_back('-');
    code.push_back(kCodeAlphabet[randombytes_uniform(kCodeAlphabet.size())]);
  }
  return code;
}

Bytes recovery_mac(const Key256& key, const Uuid& user_id, std::string_view normal) {
  return code_mac(key, "recovery-code/v1", user_id, normal);
}

Problem bad_login() {
  return problems::unauthorized("The code is wrong, or the MFA token isn't valid (any more).");
}

}  // namespace

SecureString make_mfa_token(store::Transaction& transaction, const Key256& mac_key,
                            const store::UserRow& user) {
  NewToken token = make_token(mac_key, kMfaPrefix);
  const TimePoint at = now();
  store::OneTimeTokenRepository tokens(transaction);
  tokens.purge_expired(at, kMostPurged);
  tokens.insert({.token_mac = token.mac,
                 .id = Uuid::v7(),
                 .purpose = std::string(kPurpose),
                 .user_id = user.id,
                 .created_at = at,
                 .expires_at = at + kMfaTokenLife});
  return std::move(token.text);
}

asio::awaitable<Result<void>> Mfa::refuse(Caller& caller, std::string_view action,
                                          const Uuid& org_id, std::string user_id, int status) {
  AuditEntry entry = mfa_entry(action, std::move(user_id));
  entry.details["method"] = "mfa";
  co_return co_await audit_.record_refusal(caller, org_id, std::move(entry), status);
}

Result<bool> Mfa::use_totp(store::Transaction& transaction, const Uuid& user_id,
                           std::string_view code, bool confirmed) const {
  store::MfaRepository mfa(transaction);
  const auto totp = mfa.totp(user_id);
  if (!totp || totp->is_confirmed != confirmed) return false;
  TRY(const SecureBytes secret, seal_.open(kSealColumn, user_id, totp->sealed));
  const auto step = crypto::match_totp(secret, code, now(), totp->last_step);
  return step && mfa.use_step(user_id, *step);
}

Result<bool> Mfa::use_code(store::Transaction& transaction, const Uuid& user_id,
                           std::string_view code) const {
  const SecureString normal = normalize_code(code);
  if (normal.size() != kRecoveryChars) return use_totp(transaction, user_id, normal.view(), true);
  return store::MfaRepository(transaction)
      .use_recovery_code(user_id, recovery_mac(tokens_.mac_key(), user_id, normal.view()), now());
}

asio::awaitable<Result<bool>> Mfa::check(const Caller& caller, Uuid user_id, SecureString code) {
  const std::string key = throttle_key(user_id);
  CO_TRY(const Passwords::Attempt attempt, passwords_.admit(key, caller.address));
  const auto write = [&](store::Transaction& transaction) {
    return use_code(transaction, user_id, code.view());
  };
  CO_TRY(const bool right, co_await store_.write(write));
  if (right) {
    passwords_.succeeded(key);
  } else {
    passwords_.failed(key, caller.address);
  }
  co_return right;
}

asio::awaitable<Result<MfaStatus>> Mfa::status(Caller& caller) {
  const Uuid user_id = caller.principal.id;
  const auto read = [&](store::Transaction& transaction) -> Result<MfaStatus> {
    const auto user = store::UserRepository(transaction).find(user_id);
    if (!user) return problems::not_found("No such user.");
    return MfaStatus{user->totp_enabled,
                     store::MfaRepository(transaction).recovery_codes_left(user_id)};
  };
  CO_TRY(const MfaStatus status, co_await store_.read(read));
  AuditEntry entry = mfa_entry("mfa.read", user_id.to_string());
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return status;
}

asio::awaitable<Result<MfaSetup>> Mfa::setup(Caller& caller) {
  CO_CHECK_OK(require_session(caller));
  const Uuid user_id = caller.principal.id;
  const SecureBytes secret = crypto::generate_totp_secret();
  CO_TRY(const Bytes sealed, seal_.seal(kSealColumn, user_id, secret));
  const auto write = [&](store::Transaction& transaction) -> Result<std::string> {
    const auto user = store::UserRepository(transaction).find(user_id);
    if (!user) return problems::not_found("No such user.");
    if (user->totp_enabled)
      return problems::conflict("The second factor is on: turn it off first.");
    store::MfaRepository(transaction)
        .put_totp({.user_id = user_id, .sealed = sealed, .created_at = now()});
    audit_.append(transaction, caller, mfa_entry("mfa.setup", user_id.to_string()));
    return user->email;
  };
  CO_TRY(const std::string email, co_await store_.write(write));
  caller.audited = true;
  co_return MfaSetup{crypto::to_base32(secret), crypto::otpauth_uri(kIssuer, email, secret)};
}

asio::awaitable<Result<std::vector<SecureString>>> Mfa::confirm(Caller& caller, SecureString code) {
  CO_CHECK_OK(require_session(caller));
  const Uuid user_id = caller.principal.id;
  const std::string key = throttle_key(user_id);
  CO_TRY(const Passwords::Attempt attempt, passwords_.admit(key, caller.address));
  std::vector<SecureString> codes;
  for (int i = 0; i < kRecoveryCodes; ++i) codes.push_back(make_recovery_code());
  const auto write = [&](store::Transaction& transaction) -> Result<bool> {
    const SecureString normal = normalize_code(code.view());
    TRY(const bool right, use_totp(transaction, user_id, normal.view(), false));
    if (!right) return false;
    store::MfaRepository mfa(transaction);
    mfa.confirm_totp(user_id);
    for (const SecureString& fresh : codes) {
      mfa.insert_recovery_code(
          user_id, recovery_mac(tokens_.mac_key(), user_id, normalize_code(fresh.view()).view()));
    }
    store::UserRepository users(transaction);
    users.set_totp_enabled(user_id, true);
    if (const auto user = users.find(user_id)) {
      outbox_.enqueue_email(transaction, user->home_org_id, mail::mfa_changed(user->email, true));
    }
    audit_.append(transaction, caller, mfa_entry("mfa.enable", user_id.to_string()));
    return true;
  };
  CO_TRY(const bool right, co_await store_.write(write));
  if (!right) {
    passwords_.failed(key, caller.address);
    CO_CHECK_OK(
        co_await refuse(caller, "mfa.enable", caller.principal.org_id, user_id.to_string(), 400));
    co_return problems::validation("code", "is wrong, or no set-up was begun");
  }
  passwords_.succeeded(key);
  caller.audited = true;
  co_return std::move(codes);
}

asio::awaitable<Result<IssuedToken>> Mfa::verify(Caller& caller, SecureString mfa_token,
                                                 SecureString code) {
  const Bytes mac = token_mac(tokens_.mac_key(), mfa_token.view());
  std::optional<store::UserRow> user;
  const auto read = [&](store::Transaction& transaction) -> Result<void> {
    const auto token = store::OneTimeTokenRepository(transaction).find(kPurpose, mac);
    if (token) user = store::UserRepository(transaction).find(token->user_id);
    return {};
  };
  CO_CHECK_OK(co_await store_.read(read));
  if (!user) {
    CO_CHECK_OK(co_await refuse(caller, "auth.failure", Uuid{}, {}, 401));
    co_return bad_login();
  }
  const std::string key = throttle_key(user->id);
  Result<Passwords::Attempt> attempt = passwords_.admit(key, caller.address);
  if (!attempt.ok()) {
    CO_CHECK_OK(co_await refuse(caller, "auth.failure", user->home_org_id, user->id.to_string(),
                                attempt.problem().status));
    co_return std::move(attempt).problem();
  }
  bool guessed = false;
  // A wrong code is a refusal that changes something, so it is a value here and not a Problem.
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<IssuedToken>> {
    guessed = false;
    store::OneTimeTokenRepository tokens(transaction);
    const auto token = tokens.find(kPurpose, mac);
    const auto found = store::UserRepository(transaction).find(user->id);
    if (!token || token->expires_at <= now() || token->failures >= kMostMfaFailures || !found ||
        !found->is_active) {
      return std::optional<IssuedToken>();
    }
    TRY(const bool right, use_code(transaction, found->id, code.view()));
    if (!right) {
      guessed = true;
      tokens.count_failure(token->id);
      return std::optional<IssuedToken>();
    }
    tokens.remove(token->id);
    TRY(IssuedToken issued,
        open_session(transaction, tokens_, audit_, caller, *found, "auth.mfa_verify"));
    return std::optional<IssuedToken>(std::move(issued));
  };
  CO_TRY(std::optional<IssuedToken> issued, co_await store_.write(write));
  if (!issued) {
    if (guessed) passwords_.failed(key, caller.address);
    CO_CHECK_OK(
        co_await refuse(caller, "auth.failure", user->home_org_id, user->id.to_string(), 401));
    co_return bad_login();
  }
  passwords_.succeeded(key);
  caller.audited = true;
  co_return std::move(*issued);
}

asio::awaitable<Result<void>> Mfa::disable(Caller& caller, std::optional<SecureString> code,
                                           std::optional<SecureString> password) {
  CO_CHECK_OK(require_session(caller));
  if (!code && !password) co_return problems::validation("code", "is required");
  const Uuid user_id = caller.principal.id;
  const auto read = [&](store::Transaction& transaction) -> Result<store::UserRow> {
    auto user = store::UserRepository(transaction).find(user_id);
    if (!user) return problems::not_found("No such user.");
    return std::move(*user);
  };
  CO_TRY(const store::UserRow user, co_await store_.read(read));
  if (!user.totp_enabled) co_return problems::conflict("The second factor isn't on.");
  const std::string_view field = code ? "code" : "password";
  Result<bool> right = false;
  if (code) {
    right = co_await check(caller, user_id, std::move(*code));
  } else {
    right = co_await passwords_.check(user.email, caller.address, *password, user.password_hash);
  }
  if (!right.ok()) co_return std::move(right).problem();
  if (!*right) {
    CO_CHECK_OK(
        co_await refuse(caller, "mfa.disable", caller.principal.org_id, user_id.to_string(), 400));
    co_return problems::validation(std::string(field), "is wrong");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::MfaRepository(transaction).remove(user_id);
    store::UserRepository(transaction).set_totp_enabled(user_id, false);
    store::OneTimeTokenRepository(transaction).remove_for_user(kPurpose, user_id);
    outbox_.enqueue_email(transaction, user.home_org_id, mail::mfa_changed(user.email, false));
    audit_.append(transaction, caller, mfa_entry("mfa.disable", user_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

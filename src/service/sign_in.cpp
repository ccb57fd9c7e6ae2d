#include "service/sign_in.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "crypto/api_key.h"
#include "service/mfa.h"
#include "service/session.h"
#include "store/api_key_repository.h"
#include "store/revoked_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// Each sign-out clears away a few revocations that have outlived their tokens.
constexpr std::int64_t kMostPurged = 16;

AuditEntry auth_entry(std::string action, const Uuid& principal_id, std::string_view type) {
  return {.action = std::move(action),
          .resource_type = std::string(type),
          .resource_id = principal_id.to_string(),
          .details = {}};
}

/// The caller of a request that has just proved who it is.
Caller as_principal(const Caller& caller, PrincipalType type, const Uuid& id, const Uuid& org_id) {
  Caller known = caller;
  known.principal.type = type;
  known.principal.id = id;
  known.principal.org_id = org_id;
  return known;
}

Problem wrong_credentials() {
  return problems::unauthorized("The email or password is wrong.");
}
Problem wrong_key() {
  return problems::unauthorized("The API key isn't valid.");
}

/// The agent whose key was presented, and whether it may have a token.
struct AgentKeyMatch {
  std::optional<store::AgentRow> agent;
  bool valid = false;
  store::ChangeClock::Mark mark = 0;
};

AgentKeyMatch match_agent_key(store::Transaction& transaction,
                              const crypto::PresentedApiKey& presented,
                              const std::optional<Uuid>& agent_id) {
  const TimePoint at = now();
  const auto past = [&](const std::optional<TimePoint>& end) { return end && *end <= at; };
  for (store::AgentRow& agent :
       store::AgentRepository(transaction).find_by_lookup(presented.lookup)) {
    if (!secure_equal(agent.key_mac, presented.mac)) continue;
    const bool valid = agent.is_active && !past(agent.expires_at) &&
                       !past(agent.api_key_expires_at) && (!agent_id || *agent_id == agent.id);
    return {std::move(agent), valid, transaction.mark()};
  }
  return {std::nullopt, false, transaction.mark()};
}

}  // namespace

SignIn::SignIn(store::Store& store, Tokens& tokens, Passwords& passwords, AuditLog& audit,
               const Outbox& outbox, bool verify_signups, GoogleKeys& google_keys,
               std::vector<std::string> google_client_ids, const Quotas& quotas)
    : store_(store),
      tokens_(tokens),
      passwords_(passwords),
      audit_(audit),
      outbox_(outbox),
      verify_signups_(verify_signups),
      google_keys_(google_keys),
      google_rules_{.issuers = {"https://accounts.google.com", "accounts.google.com"},
                    .audiences = std::move(google_client_ids),
                    .leeway = std::chrono::seconds(60)},
      quotas_(quotas) {}

asio::awaitable<Problem> SignIn::refuse(Caller& caller, Uuid org_id, std::string_view method,
                                        std::string actor, Problem problem) {
  AuditEntry entry{.action = "auth.failure",
                   .resource_type = "auth",
                   .resource_id = std::move(actor),
                   .details = {}};
  entry.details["method"] = method;
  Result<void> audited =
      co_await audit_.record_refusal(caller, org_id, std::move(entry), problem.status);
  if (!audited.ok()) co_return std::move(audited).problem();
  co_return problem;
}

asio::awaitable<Result<IssuedToken>> SignIn::enter(Caller& caller, store::UserRow user,
                                                   std::string action) {
  const auto write = [&](store::Transaction& transaction) {
    return open_session(transaction, tokens_, audit_, caller, user, action);
  };
  CO_TRY(IssuedToken token, co_await store_.write(user.home_org_id, write));
  caller.audited = true;
  co_return std::move(token);
}

asio::awaitable<Result<IssuedToken>> SignIn::login(Caller& caller, std::string email,
                                                   SecureString password) {
  // An address that can't be an account's is checked like any other: the same time and answer.
  const auto normal = normalize_email(email);
  const std::string account = normal.ok() ? *normal : std::string("?");
  const auto read = [&](store::Transaction& transaction) -> Result<std::optional<store::UserRow>> {
    return store::UserRepository(transaction).find_by_email(account);
  };
  CO_TRY(std::optional<store::UserRow> user, co_await store_.read(read));
  const Uuid org_id = user ? user->home_org_id : Uuid{};
  const std::string actor = user ? user->id.to_string() : std::string();
  Result<Passwords::Attempt> attempt = passwords_.admit(account, caller.address);
  if (!attempt.ok()) {
    co_return co_await refuse(caller, org_id, "password", actor, std::move(attempt).problem());
  }
  std::optional<std::string> phc;
  if (user) phc = user->password_hash;
  CO_TRY(const bool right, co_await passwords_.verify(password, std::move(phc)));
  if (!right || !user->is_active) {
    passwords_.failed(account, caller.address);
    co_return co_await refuse(caller, org_id, "password", actor, wrong_credentials());
  }
  passwords_.succeeded(account);
  if (user->totp_enabled) co_return co_await challenge(caller, std::move(*user));
  co_return co_await enter(caller, std::move(*user), "auth.login");
}

asio::awaitable<Result<IssuedToken>> SignIn::challenge(Caller& caller, store::UserRow user) {
  const auto write = [&](store::Transaction& transaction) -> Result<IssuedToken> {
    IssuedToken token;
    token.mfa_token = make_mfa_token(transaction, tokens_.mac_key(), user);
    audit_.append(transaction, as_user(caller, user),
                  auth_entry("auth.mfa_challenge", user.id, "user"));
    return token;
  };
  CO_TRY(IssuedToken token, co_await store_.write(user.home_org_id, write));
  caller.audited = true;
  co_return std::move(token);
}

asio::awaitable<Result<IssuedToken>> SignIn::google(Caller& caller, SecureString id_token) {
  if (google_rules_.audiences.empty()) {
    co_return problems::bad_request("Google sign-in isn't set up on this server.");
  }
  const auto kid = crypto::unverified_kid(id_token.view());
  if (!kid) {
    co_return co_await refuse(caller, Uuid{}, "google", {},
                              problems::unauthorized("The ID token isn't valid."));
  }
  CO_TRY(const auto jwks, co_await google_keys_.jwks(*kid));
  auto verified = crypto::verify_id_token(id_token.view(), *jwks, google_rules_, now());
  if (!verified.ok()) {
    co_return co_await refuse(caller, Uuid{}, "google", {}, std::move(verified).problem());
  }
  const crypto::IdToken& identity = *verified;
  auto email = normalize_email(identity.email);
  if (!identity.email_verified || !email.ok()) {
    co_return co_await refuse(
        caller, Uuid{}, "google", {},
        problems::unauthorized("The ID token has no verified email address."));
  }
  const auto read = [&](store::Transaction& transaction) -> Result<std::optional<store::UserRow>> {
    store::UserRepository users(transaction);
    auto user = users.find_by_google_subject(identity.subject);
    return user ? user : users.find_by_email(*email);
  };
  CO_TRY(std::optional<store::UserRow> user, co_await store_.read(read));
  if (!user) {
    store::UserRow fresh = new_user(std::move(*email), "google");
    fresh.display_name = identity.name;
    fresh.google_subject = identity.subject;
    co_return co_await enrol(caller, std::move(fresh), "auth.signup");
  }
  if (user->google_subject != identity.subject) {
    co_return co_await refuse(
        caller, user->home_org_id, "google", user->id.to_string(),
        problems::conflict("That address has an account with another way to sign in."));
  }
  if (!user->is_active) {
    co_return co_await refuse(caller, user->home_org_id, "google", user->id.to_string(),
                              problems::unauthorized("The account isn't active."));
  }
  co_return co_await enter(caller, std::move(*user), "auth.google");
}

asio::awaitable<Result<IssuedToken>> SignIn::api_key(Caller& caller, SecureString text) {
  const auto presented =
      crypto::parse_api_key(tokens_.mac_key(), crypto::kPersonalKeyPrefix, text.view());
  if (!presented) {
    co_return co_await refuse(caller, Uuid{}, "api_key", {}, wrong_key());
  }
  Uuid org_id;
  Uuid key_id;
  const auto look = [&](store::Transaction& transaction) -> Result<bool> {
    for (const store::ApiKeyRow& key :
         store::ApiKeyRepository(transaction).find_by_lookup(presented->lookup)) {
      if (!secure_equal(key.mac, presented->mac)) continue;
      org_id = key.org_id;
      return true;
    }
    return false;
  };
  CO_TRY(const bool is_known, co_await store_.read(look));
  const auto write = [&](store::Transaction& transaction) -> Result<IssuedToken> {
    store::ApiKeyRepository keys(transaction);
    store::UserRepository users(transaction);
    const TimePoint at = now();
    for (const store::ApiKeyRow& key : keys.find_by_lookup(presented->lookup)) {
      if (!secure_equal(key.mac, presented->mac)) continue;
      key_id = key.id;
      const auto user = users.find(key.user_id);
      const auto role = users.role(key.org_id, key.user_id);
      if (!key.is_active || (key.expires_at && *key.expires_at <= at) || !user ||
          !user->is_active || !role) {
        return wrong_key();
      }
      const Tokens::KeyGrant grant{key.id, key.scopes};
      TRY(IssuedToken token,
          tokens_.issue_for_user(transaction, *user, *role, grant, std::nullopt));
      keys.touch(key.id, at);
      const Caller known = as_principal(caller, PrincipalType::kUser, user->id, key.org_id);
      audit_.append(transaction, known, auth_entry("auth.api_key_token", key.id, "api_key"));
      return token;
    }
    return wrong_key();
  };
  Result<IssuedToken> token = wrong_key();
  if (is_known) token = co_await store_.write(org_id, write);
  if (!token.ok() && token.problem().status == 401) {
    const std::string actor = key_id.is_nil() ? std::string() : key_id.to_string();
    co_return co_await refuse(caller, org_id, "api_key", actor, std::move(token).problem());
  }
  caller.audited = token.ok();
  co_return std::move(token);
}

asio::awaitable<Result<IssuedToken>> SignIn::agent_key(Caller& caller, SecureString text,
                                                       std::optional<Uuid> agent_id) {
  const auto presented =
      crypto::parse_api_key(tokens_.mac_key(), crypto::kAgentKeyPrefix, text.view());
  if (!presented) {
    co_return co_await refuse(caller, Uuid{}, "agent_key", {}, wrong_key());
  }
  // The key is looked up and the token signed before the write, so that the one thread that writes
  // need not: it only makes sure that the agent is still the one that was found.
  AgentKeyMatch match;
  const auto read = [&](store::Transaction& transaction) -> Result<void> {
    match = match_agent_key(transaction, *presented, agent_id);
    return {};
  };
  CO_CHECK_OK(co_await store_.read(read));
  std::optional<IssuedToken> signed_before;
  if (match.valid) {
    CO_TRY(signed_before, tokens_.issue_for_agent(*match.agent));
  }
  const auto write = [&](store::Transaction& transaction) -> Result<IssuedToken> {
    IssuedToken token;
    if (match.valid &&
        transaction.unchanged_since(match.mark, store::Topic::kAgent, match.agent->id)) {
      token = *signed_before;  // a copy: a write may run again
    } else {
      match = match_agent_key(transaction, *presented, agent_id);
      if (!match.valid) return wrong_key();
      TRY(token, tokens_.issue_for_agent(*match.agent));
    }
    const store::AgentRow& agent = *match.agent;
    store::AgentRepository(transaction).touch(agent.id, now());
    const Caller known = as_principal(caller, PrincipalType::kAgent, agent.id, agent.org_id);
    audit_.append(transaction, known, auth_entry("auth.agent_token", agent.id, "agent"));
    return token;
  };
  Result<IssuedToken> token = wrong_key();
  if (match.valid) token = co_await store_.write(Uuid(match.agent->org_id), write);
  if (!token.ok() && token.problem().status == 401) {
    const Uuid org_id = match.agent ? match.agent->org_id : Uuid{};
    const std::string actor = match.agent ? match.agent->id.to_string() : std::string();
    co_return co_await refuse(caller, org_id, "agent_key", actor, std::move(token).problem());
  }
  caller.audited = token.ok();
  co_return std::move(token);
}

asio::awaitable<Result<IssuedToken>> SignIn::refresh(Caller& caller, SecureString refresh_token) {
  const Bytes mac = tokens_.refresh_mac(refresh_token.view());
  Uuid org_id;
  Uuid user_id;
  bool reused = false;
  const auto look = [&](store::Transaction& transaction) -> Result<bool> {
    const auto row = store::RefreshTokenRepository(transaction).find(mac);
    if (row) org_id = row->org_id;
    return row.has_value();
  };
  CO_TRY(const bool is_known, co_await store_.read(look));
  // A reuse is a refusal that changes something, so it is a value here and not a Problem.
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<IssuedToken>> {
    reused = false;
    store::RefreshTokenRepository tokens(transaction);
    store::UserRepository users(transaction);
    const TimePoint at = now();
    const auto row = tokens.find(mac);
    if (!row) return std::optional<IssuedToken>();
    user_id = row->user_id;
    const auto user = users.find(row->user_id);
    const auto role = users.role(row->org_id, row->user_id);
    if (row->revoked_at || row->expires_at <= at || !user || !user->is_active || !role ||
        user->token_version != row->token_version) {
      return std::optional<IssuedToken>();
    }
    if (!tokens.spend(mac, at)) {
      reused = true;
      end_session(transaction, row->family_id, at);
      return std::optional<IssuedToken>();
    }
    TRY(IssuedToken token,
        tokens_.issue_for_user(transaction, *user, *role, std::nullopt, row->family_id));
    const Caller known = as_principal(caller, PrincipalType::kUser, user->id, row->org_id);
    audit_.append(transaction, known, auth_entry("auth.refresh", user->id, "user"));
    return std::optional<IssuedToken>(std::move(token));
  };
  std::optional<IssuedToken> token;
  if (is_known) {
    CO_TRY(token, co_await store_.write(org_id, write));
  }
  if (!token) {
    const std::string actor = user_id.is_nil() ? std::string() : user_id.to_string();
    const std::string_view method = reused ? "refresh_reuse" : "refresh";
    co_return co_await refuse(caller, org_id, method, actor,
                              problems::unauthorized("The refresh token isn't valid."));
  }
  caller.audited = true;
  co_return std::move(*token);
}

asio::awaitable<Result<void>> SignIn::sign_out(Caller& caller) {
  const Principal& principal = caller.principal;
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::RevokedTokenRepository revoked(transaction);
    revoked.purge_expired(now(), kMostPurged);
    revoked.insert(principal.token_id, principal.token_expires_at);
    if (principal.session_id) end_session(transaction, *principal.session_id, now());
    audit_.append(transaction, caller,
                  auth_entry("auth.logout", principal.id, to_string(principal.type)));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

void SignIn::end_session(store::Transaction& transaction, const Uuid& session_id,
                         TimePoint at) const {
  store::RefreshTokenRepository(transaction).revoke_family(session_id, at);
  store::RevokedTokenRepository(transaction).insert(session_id, at + tokens_.lives().user);
}

}  // namespace oneclaw::service

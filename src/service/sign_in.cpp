#include "service/sign_in.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "crypto/api_key.h"
#include "service/mail_texts.h"
#include "service/mfa.h"
#include "service/one_time_tokens.h"
#include "service/organization.h"
#include "service/session.h"
#include "service/verified_address.h"
#include "store/api_key_repository.h"
#include "store/one_time_token_repository.h"
#include "store/revoked_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// Each sign-out clears away a few revocations that have outlived their tokens.
constexpr std::int64_t kMostPurged = 16;
constexpr std::chrono::hours kSignupLife{24};
constexpr ActionLimiter::Rule kSignupsPerAddress{.most = 5, .window = std::chrono::hours(1)};
constexpr ActionLimiter::Rule kSignupsPerClient{.most = 100, .window = std::chrono::hours(1)};

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

store::UserRow new_user(std::string email, std::string auth_method) {
  return {.id = Uuid::v7(),
          .email = std::move(email),
          .display_name = {},
          .password_hash = std::nullopt,
          .auth_method = std::move(auth_method),
          .google_subject = std::nullopt,
          .email_verified = true,  // proven before the row is made, or taken at its word
          .home_org_id = Uuid::v7(),
          .created_at = now()};
}

}  // namespace

Result<std::string> normalize_email(std::string_view email, std::string_view field) {
  const auto wrong = [&] {
    return problems::validation(std::string(field), "must be an email address");
  };
  const std::size_t at = email.find('@');
  if (email.size() > 254 || at == 0 || at == std::string_view::npos ||
      email.find('@', at + 1) != std::string_view::npos) {
    return wrong();
  }
  const std::string_view domain = email.substr(at + 1);
  if (domain.empty() || domain.starts_with('.') || domain.ends_with('.')) return wrong();
  std::string normal(email);
  for (char& c : normal) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return wrong();
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normal;
}

Result<void> validate_password(const SecureString& password, std::string_view field) {
  if (password.size() >= kLeastPasswordBytes && password.size() <= kMostPasswordBytes) return {};
  return problems::validation(std::string(field), "must have 8 to 256 bytes");
}

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

asio::awaitable<Result<IssuedToken>> SignIn::enrol(Caller& caller, store::UserRow user,
                                                   std::string action,
                                                   const SecureString* invite_token) {
  const auto write = [&](store::Transaction& transaction) {
    return make_account(transaction, caller, user, action, invite_token);
  };
  Result<IssuedToken> token = problems::internal();
  if (invite_token == nullptr) {
    // The org is new, and that the address is free is the database's to say: it lets one of two
    // sign-ups win.
    token = co_await store_.write(user.home_org_id, write);
  }
  if (invite_token != nullptr || (!token.ok() && token.problem().status == 409)) {
    token = co_await store_.write(write);
  }
  caller.audited = token.ok();
  co_return std::move(token);
}

Result<IssuedToken> SignIn::make_account(store::Transaction& transaction, const Caller& caller,
                                         store::UserRow user, std::string action,
                                         const SecureString* invite_token) const {
  store::UserRepository users(transaction);
  std::optional<store::InvitationRow> invitation;
  if (invite_token != nullptr) {
    TRY(invitation, accept_invitation(transaction, tokens_.mac_key(), quotas_, invite_token->view(),
                                      user.email));
    user.home_org_id = invitation->org_id;
  }
  if (users.find_by_email(user.email)) return problems::validation("email", "is taken");
  if (!invitation) {
    users.insert_org({.id = user.home_org_id,
                      .name = user.display_name.empty() ? user.email : user.display_name,
                      .created_at = user.created_at});
  }
  users.insert(user);
  users.insert_membership(
      {.org_id = user.home_org_id,
       .user_id = user.id,
       .role = invitation ? invitation->role : std::string(to_string(Role::kOwner)),
       .created_at = user.created_at});
  if (invitation)
    audit_.append(transaction, as_user(caller, user), joined_entry(user.id, *invitation));
  address_verified(transaction, user);
  return open_session(transaction, tokens_, audit_, caller, user, std::move(action));
}

asio::awaitable<Result<void>> SignIn::ask_to_verify(Caller& caller, store::UserRow user) {
  const TimePoint at = now();
  CO_CHECK_OK(limiter_.admit("client:" + client_key(caller.address), kSignupsPerClient, at));
  CO_CHECK_OK(limiter_.admit("email:" + user.email, kSignupsPerAddress, at));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::PendingSignupRepository signups(transaction);
    signups.purge_expired(at, kMostPurged);
    if (const auto known = store::UserRepository(transaction).find_by_email(user.email)) {
      outbox_.enqueue_email(transaction, known->home_org_id, mail::already_signed_up(user.email));
    } else {
      const NewToken token = make_token(tokens_.mac_key(), kSignupPrefix);
      signups.insert({.token_mac = token.mac,
                      .email = user.email,
                      .display_name = user.display_name,
                      .password_hash = *user.password_hash,
                      .created_at = at,
                      .expires_at = at + kSignupLife});
      outbox_.enqueue_email(transaction, Uuid{},
                            mail::verify_signup(user.email, outbox_.public_url(), token.text));
    }
    audit_.append(transaction, Uuid{}, caller,
                  {.action = "auth.signup",
                   .resource_type = "auth",
                   .resource_id = {},
                   .details = {{"verified", false}}});
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<IssuedToken>> SignIn::verify_email(Caller& caller, SecureString token) {
  const Bytes mac = token_mac(tokens_.mac_key(), token.view());
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<IssuedToken>> {
    const auto signup = store::PendingSignupRepository(transaction).find(mac);
    if (!signup || signup->expires_at <= now()) return std::optional<IssuedToken>();
    store::UserRow user = new_user(signup->email, "password");
    user.display_name = signup->display_name;
    user.password_hash = signup->password_hash;
    TRY(IssuedToken issued, make_account(transaction, caller, user, "auth.signup"));
    return std::optional<IssuedToken>(std::move(issued));
  };
  CO_TRY(std::optional<IssuedToken> issued, co_await store_.write(write));
  if (!issued) {
    co_return co_await refuse(caller, Uuid{}, "verify_email", {},
                              problems::validation("token", "isn't valid (any more)"));
  }
  caller.audited = true;
  co_return std::move(*issued);
}

asio::awaitable<Result<std::optional<IssuedToken>>> SignIn::signup(
    Caller& caller, std::string email, SecureString password, std::string display_name,
    std::optional<SecureString> invite_token) {
  CO_TRY(std::string normal, normalize_email(email));
  CO_CHECK_OK(validate_password(password, "password"));
  CO_TRY(std::string phc, co_await passwords_.hash(password));
  store::UserRow user = new_user(std::move(normal), "password");
  user.display_name = std::move(display_name);
  user.password_hash = std::move(phc);
  if (invite_token) {
    CO_TRY(IssuedToken token,
           co_await enrol(caller, std::move(user), "auth.signup", &*invite_token));
    co_return std::optional<IssuedToken>(std::move(token));
  }
  if (verify_signups_) {
    CO_CHECK_OK(co_await ask_to_verify(caller, std::move(user)));
    co_return std::optional<IssuedToken>();
  }
  CO_TRY(IssuedToken token, co_await enrol(caller, std::move(user), "auth.signup"));
  co_return std::optional<IssuedToken>(std::move(token));
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

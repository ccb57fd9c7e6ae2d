#include "service/tokens.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "store/api_key_repository.h"
#include "store/revoked_token_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kRefreshPrefix = "ocr_";
/// Each new token clears away a few that have expired, so that the table stays small.
constexpr std::int64_t kMostPurged = 16;

Problem dead_token() {
  return problems::unauthorized("The token is no longer valid.");
}

std::optional<Role> parse_role(std::string_view name) {
  for (const Role role : {Role::kOwner, Role::kAdmin, Role::kMember}) {
    if (name == to_string(role)) return role;
  }
  return std::nullopt;
}

}  // namespace

std::size_t Tokens::Hash::operator()(const crypto::Digest& digest) const noexcept {
  std::size_t head = 0;
  std::memcpy(&head, digest.data(), sizeof head);
  return head;
}

Tokens::Tokens(store::Store& store, const ServerKeys& keys, std::string issuer, TokenLives lives,
               std::size_t most_cached_bytes)
    : store_(store),
      keys_(keys),
      issuer_(std::move(issuer)),
      lives_(lives),
      verified_(most_cached_bytes) {}

Result<Tokens::Verified> Tokens::load_user(store::Transaction& transaction,
                                           const crypto::Claims& claims, const Uuid& id) {
  store::UserRepository users(transaction);
  const auto user = users.find(id);
  if (!user || !user->is_active || user->token_version != claims.token_version) {
    return dead_token();
  }
  const auto role_name = users.role(claims.org_id, id);
  const auto role = role_name ? parse_role(*role_name) : std::nullopt;
  if (!role) return dead_token();
  Verified token{.principal = {.type = PrincipalType::kUser,
                               .id = id,
                               .org_id = claims.org_id,
                               .role = *role,
                               .scopes = {},
                               .vault_ids = {},
                               .token_id = claims.id,
                               .session_id = claims.session_id,
                               .token_expires_at = claims.expires_at},
                 .api_key_id = claims.api_key_id,
                 .until = claims.expires_at,
                 .mark = transaction.mark()};
  if (claims.api_key_id) {
    auto key = store::ApiKeyRepository(transaction).find_by_id(*claims.api_key_id);
    if (!key || !key->is_active || key->user_id != id ||
        (key->expires_at && *key->expires_at <= now())) {
      return dead_token();
    }
    token.principal.scopes = std::move(key->scopes);
    if (key->expires_at) token.until = std::min(token.until, *key->expires_at);
  }
  return token;
}

Result<Tokens::Verified> Tokens::load_agent(store::Transaction& transaction,
                                            const crypto::Claims& claims, const Uuid& id) {
  auto agent = store::AgentRepository(transaction).find(claims.org_id, id);
  if (!agent || !agent->is_active || agent->token_version != claims.token_version ||
      (agent->expires_at && *agent->expires_at <= now())) {
    return dead_token();
  }
  return Verified{
      .principal = {.type = PrincipalType::kAgent,
                    .id = id,
                    .org_id = claims.org_id,
                    .role = Role::kAgent,
                    .scopes = std::move(agent->scopes),
                    .vault_ids = std::move(agent->vault_ids),
                    .token_id = claims.id,
                    .session_id = claims.session_id,
                    .token_expires_at = claims.expires_at},
      .api_key_id = std::nullopt,
      .until = std::min(claims.expires_at, agent->expires_at.value_or(claims.expires_at)),
      .mark = transaction.mark()};
}

Result<Tokens::Verified> Tokens::load(store::Transaction& transaction,
                                      const crypto::Claims& claims) {
  store::RevokedTokenRepository revoked(transaction);
  if (revoked.contains(claims.id)) return dead_token();
  if (claims.session_id && revoked.contains(*claims.session_id)) return dead_token();
  const std::size_t colon = claims.subject.find(':');
  const std::string_view type = std::string_view(claims.subject).substr(0, colon);
  const auto id = colon == std::string::npos
                      ? std::nullopt
                      : Uuid::parse(std::string_view(claims.subject).substr(colon + 1));
  if (id && type == "user") return load_user(transaction, claims, *id);
  if (id && type == "agent") return load_agent(transaction, claims, *id);
  return dead_token();
}

bool Tokens::holds(const Verified& token) const {
  using store::Topic;
  const store::ChangeClock& clock = store_.clock();
  const auto unchanged = [&](Topic topic, const Uuid& id) {
    return clock.unchanged_since(token.mark, topic, id);
  };
  const Principal& principal = token.principal;
  return now() < token.until && unchanged(Topic::kToken, principal.token_id) &&
         (!principal.session_id || unchanged(Topic::kToken, *principal.session_id)) &&
         unchanged(principal.is_agent() ? Topic::kAgent : Topic::kUser, principal.id) &&
         (!token.api_key_id || unchanged(Topic::kApiKey, *token.api_key_id));
}

Result<IssuedToken> Tokens::issue_for_user(store::Transaction& transaction,
                                           const store::UserRow& user, std::string_view role,
                                           std::optional<KeyGrant> key,
                                           std::optional<Uuid> session_id) const {
  const TimePoint at = now();
  crypto::Claims claims{.issuer = issuer_,
                        .subject = "user:" + user.id.to_string(),
                        .org_id = user.home_org_id,
                        .role = std::string(role),
                        .scopes = {},
                        .vault_ids = {},
                        .issued_at = at,
                        .not_before = at,
                        .expires_at = at + lives_.user,
                        .id = Uuid::v4(),
                        .token_version = user.token_version,
                        .api_key_id = std::nullopt,
                        .session_id = std::nullopt};
  if (key) {
    claims.scopes = std::move(key->scopes);
    claims.api_key_id = key->key_id;
    TRY(SecureString token, crypto::sign_token(*signing_keys()->signer, claims));
    return IssuedToken{std::move(token), lives_.user, SecureString()};
  }
  claims.session_id = session_id ? *session_id : Uuid::v4();
  const Key256 random = Key256::random();
  SecureString refresh(kRefreshPrefix);
  refresh.append(to_base64url(random.view()));
  store::RefreshTokenRepository refresh_tokens(transaction);
  refresh_tokens.purge_expired(at, kMostPurged);
  refresh_tokens.insert({.token_mac = refresh_mac(refresh.view()),
                         .family_id = *claims.session_id,
                         .user_id = user.id,
                         .org_id = user.home_org_id,
                         .token_version = user.token_version,
                         .created_at = at,
                         .expires_at = at + lives_.refresh});
  TRY(SecureString token, crypto::sign_token(*signing_keys()->signer, claims));
  return IssuedToken{std::move(token), lives_.user, std::move(refresh)};
}

Result<IssuedToken> Tokens::issue_for_agent(const store::AgentRow& agent) const {
  const TimePoint at = now();
  std::chrono::seconds life = lives_.agent;
  if (agent.token_ttl_seconds) life = std::chrono::seconds(*agent.token_ttl_seconds);
  for (const auto& end : {agent.expires_at, agent.api_key_expires_at}) {
    if (end) life = std::min(life, std::chrono::floor<std::chrono::seconds>(*end - at));
  }
  const crypto::Claims claims{.issuer = issuer_,
                              .subject = "agent:" + agent.id.to_string(),
                              .org_id = agent.org_id,
                              .role = "agent",
                              .scopes = agent.scopes,
                              .vault_ids = agent.vault_ids,
                              .issued_at = at,
                              .not_before = at,
                              .expires_at = at + life,
                              .id = Uuid::v4(),
                              .token_version = agent.token_version,
                              .api_key_id = std::nullopt,
                              .session_id = std::nullopt};
  TRY(SecureString token, crypto::sign_token(*signing_keys()->signer, claims));
  return IssuedToken{std::move(token), life, SecureString(), agent.id};
}

std::optional<Principal> Tokens::recognize(std::string_view token) {
  const auto known = verified_.find(crypto::sha256(as_bytes(token)));
  if (!known || known->keys != signing_keys() || !holds(*known)) return std::nullopt;
  return known->principal;
}

asio::awaitable<Result<Principal>> Tokens::authenticate(std::string_view token) {
  const crypto::Digest digest = crypto::sha256(as_bytes(token));
  const auto keys = signing_keys();
  CO_TRY(const crypto::Claims claims, keys->verifier.verify(token, now()));
  const auto read = [&](store::Transaction& transaction) { return load(transaction, claims); };
  CO_TRY(Verified verified, co_await store_.read(read));
  verified.keys = keys;
  std::size_t bytes = sizeof(Verified) + verified.principal.vault_ids.size() * sizeof(Uuid);
  for (const std::string& scope : verified.principal.scopes) bytes += sizeof scope + scope.size();
  auto kept = std::make_shared<const Verified>(std::move(verified));
  verified_.put(digest, kept, bytes);
  co_return kept->principal;
}

Bytes Tokens::refresh_mac(std::string_view refresh_token) const {
  const crypto::Digest mac = crypto::hmac_sha256(keys_.mac, as_bytes(refresh_token));
  return {mac.begin(), mac.end()};
}

}  // namespace oneclaw::service

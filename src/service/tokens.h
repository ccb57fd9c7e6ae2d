// Tokens: issued for a principal, and checked on every request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bounded_cache.h"
#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "service/server_keys.h"
#include "store/agent_repository.h"
#include "store/refresh_token_repository.h"
#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

struct TokenLives {
  std::chrono::seconds user{900};
  std::chrono::seconds agent{3600};
  std::chrono::seconds refresh{30LL * 24 * 3600};
};

/// What a sign-in gives.
struct IssuedToken {
  SecureString access_token;
  std::chrono::seconds expires_in{0};
  SecureString refresh_token;      ///< empty for agents
  std::optional<Uuid> agent_id{};  ///< whose it is, when it is an agent's
  SecureString mfa_token{};        ///< alone, when the sign-in waits for a second factor
};

class Tokens {
 public:
  /// `most_cached_bytes`: of verified tokens in memory.
  Tokens(store::Store& store, const ServerKeys& keys, std::string issuer, TokenLives lives,
         std::size_t most_cached_bytes);

  /// A personal key's part in a user's token.
  struct KeyGrant {
    Uuid key_id;
    std::vector<std::string> scopes;
  };

  /// Signs an access token and, unless it comes from a personal key, stores a refresh token: in a
  /// new family (session) or in `session_id`.
  Result<IssuedToken> issue_for_user(store::Transaction& transaction, const store::UserRow& user,
                                     std::string_view role, std::optional<KeyGrant> key,
                                     std::optional<Uuid> session_id) const;
  /// Signs an access token that lives its agent's `token_ttl_seconds`, never past its `expires_at`.
  Result<IssuedToken> issue_for_agent(const store::AgentRow& agent) const;

  /// The principal of a token that is valid and alive right now: its signature and claims hold, it
  /// was not revoked, and the account (and key) it came from still stands with the same token
  /// version. Scopes and vault binding are those of the record now, not those at issue. 401 else.
  boost::asio::awaitable<Result<Principal>> authenticate(std::string_view token);
  /// The same, for a token that was verified before: it is found by its SHA-256 in memory, until it
  /// expires or something that it hangs on changes. nullopt when it isn't.
  [[nodiscard]] std::optional<Principal> recognize(std::string_view token);

  /// The stored form of a refresh token.
  [[nodiscard]] Bytes refresh_mac(std::string_view refresh_token) const;
  [[nodiscard]] const TokenLives& lives() const { return lives_; }
  [[nodiscard]] const Key256& mac_key() const { return keys_.mac; }
  /// The keys that sign and verify right now.
  [[nodiscard]] std::shared_ptr<const SigningKeys::Set> signing_keys() const {
    return keys_.signing->current();
  }

 private:
  /// A token that was valid at `mark`, and stays so until `until` unless something changes.
  struct Verified {
    Principal principal;
    std::optional<Uuid> api_key_id;
    TimePoint until{};
    store::ChangeClock::Mark mark = 0;
    std::shared_ptr<const SigningKeys::Set> keys{};  ///< those that verified it
  };
  struct Hash {
    std::size_t operator()(const crypto::Digest& digest) const noexcept;
  };

  /// The record's word on a token whose signature and claims hold.
  static Result<Verified> load(store::Transaction& transaction, const crypto::Claims& claims);
  static Result<Verified> load_user(store::Transaction& transaction, const crypto::Claims& claims,
                                    const Uuid& id);
  static Result<Verified> load_agent(store::Transaction& transaction, const crypto::Claims& claims,
                                     const Uuid& id);
  [[nodiscard]] bool holds(const Verified& token) const;

  store::Store& store_;
  const ServerKeys& keys_;
  std::string issuer_;
  TokenLives lives_;
  BoundedCache<crypto::Digest, Verified, Hash> verified_;
};

}  // namespace oneclaw::service

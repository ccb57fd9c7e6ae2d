// Use cases of shares: a secret's latest version, lent out of its vault.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/ip_rules.h"
#include "service/outbox.h"
#include "service/passwords.h"
#include "service/quotas.h"
#include "service/secrets.h"
#include "service/vault_keys.h"
#include "store/share_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::int64_t kMostPassphraseTries = 5;
inline constexpr std::chrono::hours kLongestShare{24 * 366};
inline constexpr std::size_t kMostShareBlocks = 64;  ///< of an ip_allowlist
/// Shares that are alive.
inline constexpr std::int64_t kMostSharesOfSecret = 100;
inline constexpr std::int64_t kMostSharesOfOrg = 10'000;
/// How long a share that has expired is still listed.
inline constexpr std::chrono::hours kExpiredShareKept{24 * 30};

struct NewShare {
  std::string recipient_type;
  std::optional<Uuid> recipient_id;
  std::optional<std::string> email;
  std::vector<std::string> permissions{"read"};
  std::optional<std::int64_t> max_access_count;
  TimePoint expires_at{};
  std::optional<SecureString> passphrase;
  std::vector<std::string> ip_allowlist;
};

struct CreatedShare {
  store::ShareRow share;
  SecureString link_token;  ///< of an anyone_with_link share; shown this once
  SecureString url;
};

struct OpenedShare {
  store::ShareRow share;
  SecretMetadata metadata;
  SecureBytes value;
};

/// A share ends when it expires, is used up, declined or revoked, when its author leaves the org
/// or is deleted, and while its secret is deleted, expired or disabled: always the same 404.
class Shares {
 public:
  Shares(store::Store& store, VaultKeys& keys, Passwords& passwords, const Key256& mac_key,
         AuditLog& audit, const Outbox& outbox, const Quotas& quotas, const IpRules& ip_rules)
      : store_(store),
        keys_(keys),
        passwords_(passwords),
        mac_key_(mac_key),
        audit_(audit),
        quotas_(quotas),
        ip_rules_(ip_rules),
        outbox_(outbox) {}

  /// Who may read a secret may share it. 400 naming the field; 403 for an agent that shares by
  /// email; 409 when the secret or the org has as many shares as one may have.
  boost::asio::awaitable<Result<CreatedShare>> create(Caller& caller, Uuid secret_id,
                                                      NewShare share);
  /// `id`: a link's token; or the share's UUID, for its recipient and its author. 401 when only a
  /// token is missing, 403 for a missing or wrong passphrase (code "passphrase-required",
  /// "wrong-passphrase", "share-locked" after kMostPassphraseTries wrong ones), or for an address
  /// that the share or the IP rules of its org don't let in.
  /// Opening accepts.
  boost::asio::awaitable<Result<OpenedShare>> open(Caller& caller, SecureString id,
                                                   std::optional<SecureString> passphrase);
  boost::asio::awaitable<Result<std::vector<store::ListedShare>>> outbound(Caller& caller);
  boost::asio::awaitable<Result<std::vector<store::ListedShare>>> inbound(Caller& caller);
  /// For the recipient alone: 404 for others.
  boost::asio::awaitable<Result<void>> accept(Caller& caller, Uuid id);
  boost::asio::awaitable<Result<void>> decline(Caller& caller, Uuid id);
  /// For the author, and the owners and admins of its org.
  boost::asio::awaitable<Result<void>> revoke(Caller& caller, Uuid id);

 private:
  struct Found;
  boost::asio::awaitable<Result<Found>> find(Caller& caller, const SecureString& id);
  boost::asio::awaitable<Result<void>> check_passphrase(Caller& caller,
                                                        const store::ShareRow& share,
                                                        std::optional<SecureString> passphrase);
  boost::asio::awaitable<Result<void>> answer(Caller& caller, Uuid id, bool accepted);
  /// What was sent to the caller's address is theirs, once the address is verified.
  boost::asio::awaitable<Result<void>> claim(const Caller& caller);

  store::Store& store_;
  VaultKeys& keys_;
  Passwords& passwords_;
  const Key256& mac_key_;
  AuditLog& audit_;
  const Quotas& quotas_;
  const IpRules& ip_rules_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

// Use cases of agents.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "crypto/identity.h"
#include "service/audit_log.h"
#include "service/quotas.h"
#include "service/vault_keys.h"
#include "store/agent_repository.h"
#include "store/store.h"

namespace oneclaw::service {

struct NewAgent {
  std::string name;
  std::string description;
  std::vector<std::string> scopes;
  std::vector<Uuid> vault_ids;
  std::optional<std::int64_t> token_ttl_seconds;
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> api_key_expires_at;
};

/// What is absent stays as it is; a `clear_` flag takes the value away.
struct AgentUpdate {
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<Uuid>> vault_ids;
  std::optional<bool> is_active;
  std::optional<std::int64_t> token_ttl_seconds;
  bool clear_token_ttl = false;
  std::optional<TimePoint> expires_at;
  bool clear_expires_at = false;
  std::optional<TimePoint> api_key_expires_at;
  bool clear_api_key_expires_at = false;
};

struct CreatedAgent {
  store::AgentRow agent;
  SecureString api_key;  ///< shown this once
};

/// The key pairs that an agent is registered with.
struct AgentIdentity {
  crypto::KeyPair ssh;
  crypto::KeyPair ecdh;
};

Result<AgentIdentity> generate_identity();

/// Stores an agent, and the private halves of its keys as the secrets agents/<id>/ssh and
/// agents/<id>/ecdh of the org's `__agent-keys` vault, inside a write transaction.
Result<void> insert_agent(store::Transaction& transaction, VaultKeys& keys, const Principal& author,
                          store::AgentRow agent, const AgentIdentity& identity);

/// Owners and admins see and change every agent of the org; a member those it registered.
class Agents {
 public:
  Agents(store::Store& store, VaultKeys& keys, const Key256& mac_key, AuditLog& audit,
         const Quotas& quotas)
      : store_(store), keys_(keys), mac_key_(mac_key), audit_(audit), quotas_(quotas) {}

  /// Makes the agent, its API key, and its Ed25519 and P-256 key pairs: the private halves become
  /// the secrets agents/<id>/ssh and agents/<id>/ecdh of the org's `__agent-keys` vault.
  boost::asio::awaitable<Result<CreatedAgent>> create(Caller& caller, NewAgent agent);
  boost::asio::awaitable<Result<std::vector<store::AgentRow>>> list(Caller& caller);
  boost::asio::awaitable<Result<store::AgentRow>> get(Caller& caller, Uuid agent_id);
  /// The calling agent's own record; 403 for a user.
  boost::asio::awaitable<Result<store::AgentRow>> self(Caller& caller);
  /// Deactivating ends the agent's live tokens at once.
  boost::asio::awaitable<Result<store::AgentRow>> update(Caller& caller, Uuid agent_id,
                                                         AgentUpdate update);
  /// Ends its tokens, and removes its policies and its private keys.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid agent_id);
  /// A new API key; the old one and every live token end at once.
  boost::asio::awaitable<Result<SecureString>> rotate_key(Caller& caller, Uuid agent_id);

 private:
  store::Store& store_;
  VaultKeys& keys_;
  const Key256& mac_key_;
  AuditLog& audit_;
  const Quotas& quotas_;
};

}  // namespace oneclaw::service

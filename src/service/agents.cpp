#include "service/agents.h"

#include <utility>

#include "crypto/api_key.h"
#include "crypto/identity.h"
#include "domain/scopes.h"
#include "service/secrets.h"
#include "service/vaults.h"
#include "store/binding_repository.h"
#include "store/policy_repository.h"
#include "store/secret_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry agent_entry(std::string action, std::string agent_id) {
  return {.action = std::move(action),
          .resource_type = "agent",
          .resource_id = std::move(agent_id),
          .details = {}};
}

std::string key_path(const Uuid& agent_id, std::string_view kind) {
  return "agents/" + agent_id.to_string() + "/" + std::string(kind);
}

/// The agent, when the caller may see and change it.
Result<store::AgentRow> find_managed(store::Transaction& transaction, const Principal& principal,
                                     const Uuid& agent_id) {
  auto agent = store::AgentRepository(transaction).find(principal.org_id, agent_id);
  if (!agent) return problems::not_found("No such agent.");
  const bool itself = principal.is_agent() && principal.id == agent_id;
  const bool its_maker = principal.is_user() && agent->created_by == principal.id;
  if (!principal.is_org_admin() && !itself && !its_maker) {
    return problems::forbidden(
        "Only the agent's maker and the org's owners and admins may do that.");
  }
  return std::move(*agent);
}

/// Every vault that the agent is bound to must be of its org.
Result<void> check_vaults(store::Transaction& transaction, const Uuid& org_id,
                          const std::vector<Uuid>& vault_ids) {
  store::VaultRepository vaults(transaction);
  for (std::size_t i = 0; i < vault_ids.size(); ++i) {
    if (!vaults.find(org_id, vault_ids[i])) {
      return problems::validation("vault_ids[" + std::to_string(i) + "]",
                                  "is no such vault of this org");
    }
  }
  return {};
}

Result<Uuid> agent_keys_vault(store::Transaction& transaction, VaultKeys& keys,
                              const Principal& author) {
  if (const auto vault =
          store::VaultRepository(transaction).find_system(author.org_id, kAgentKeysVault)) {
    return vault->id;
  }
  TRY(const store::VaultRow vault, make_vault(transaction, keys,
                                              {.id = Uuid::v7(),
                                               .org_id = author.org_id,
                                               .name = std::string(kAgentKeysVault),
                                               .description = "Private keys of the org's agents.",
                                               .created_by = Uuid{},
                                               .created_by_type = "system",
                                               .is_system = true,
                                               .created_at = now()}));
  return vault.id;
}

}  // namespace

Result<AgentIdentity> generate_identity() {
  TRY(crypto::KeyPair ssh, crypto::generate_ssh_key_pair());
  TRY(crypto::KeyPair ecdh, crypto::generate_ecdh_key_pair());
  return AgentIdentity{std::move(ssh), std::move(ecdh)};
}

Result<void> insert_agent(store::Transaction& transaction, VaultKeys& keys, const Principal& author,
                          store::AgentRow agent, const AgentIdentity& identity) {
  agent.ssh_public_key = identity.ssh.public_key;
  agent.ecdh_public_key = identity.ecdh.public_key;
  store::AgentRepository(transaction).insert(agent);
  TRY(const Uuid vault_id, agent_keys_vault(transaction, keys, author));
  NewSecret ssh;
  ssh.type = "ssh_key";
  ssh.value = SecureString(identity.ssh.private_pem.view());
  CHECK_OK(put_secret(transaction, keys, author.org_id, vault_id, key_path(agent.id, "ssh"), author,
                      ssh));
  NewSecret ecdh;
  ecdh.type = "private_key";
  ecdh.value = SecureString(identity.ecdh.private_pem.view());
  CHECK_OK(put_secret(transaction, keys, author.org_id, vault_id, key_path(agent.id, "ecdh"),
                      author, ecdh));
  return {};
}

asio::awaitable<Result<CreatedAgent>> Agents::create(Caller& caller, NewAgent agent) {
  CO_CHECK_OK(domain::validate_scopes(agent.scopes));
  CO_TRY(const AgentIdentity identity, generate_identity());
  crypto::NewApiKey key = crypto::generate_api_key(mac_key_, crypto::kAgentKeyPrefix);
  const Principal& author = caller.principal;
  const store::AgentRow row{.id = Uuid::v7(),
                            .org_id = author.org_id,
                            .name = std::move(agent.name),
                            .description = std::move(agent.description),
                            .scopes = std::move(agent.scopes),
                            .vault_ids = std::move(agent.vault_ids),
                            .is_active = true,
                            .token_ttl_seconds = agent.token_ttl_seconds,
                            .expires_at = agent.expires_at,
                            .api_key_expires_at = agent.api_key_expires_at,
                            .key_lookup = key.lookup,
                            .key_mac = Bytes(key.mac.begin(), key.mac.end()),
                            .ssh_public_key = identity.ssh.public_key,
                            .ecdh_public_key = identity.ecdh.public_key,
                            .created_by = author.id,
                            .created_by_type = std::string(to_string(author.type)),
                            .created_at = now()};
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    CHECK_OK(check_vaults(transaction, author.org_id, row.vault_ids));
    CHECK_OK(quotas_.check_room(transaction, author.org_id, domain::Metered::kAgents));
    CHECK_OK(insert_agent(transaction, keys_, author, row, identity));
    audit_.append(transaction, caller, agent_entry("agent.create", row.id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return CreatedAgent{row, std::move(key.text)};
}

asio::awaitable<Result<std::vector<store::AgentRow>>> Agents::list(Caller& caller) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::AgentRow>> {
    const Principal& principal = caller.principal;
    auto agents = store::AgentRepository(transaction).list(principal.org_id);
    if (!principal.is_org_admin()) {
      std::erase_if(agents,
                    [&](const store::AgentRow& agent) { return agent.created_by != principal.id; });
    }
    return agents;
  };
  CO_TRY(auto agents, co_await store_.read(read));
  AuditEntry entry = agent_entry("agent.list", {});
  entry.details["count"] = agents.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(agents);
}

asio::awaitable<Result<store::AgentRow>> Agents::get(Caller& caller, Uuid agent_id) {
  const auto read = [&](store::Transaction& transaction) {
    return find_managed(transaction, caller.principal, agent_id);
  };
  CO_TRY(store::AgentRow agent, co_await store_.read(read));
  AuditEntry entry = agent_entry("agent.read", agent_id.to_string());
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(agent);
}

asio::awaitable<Result<store::AgentRow>> Agents::self(Caller& caller) {
  if (!caller.principal.is_agent()) {
    co_return problems::forbidden("Only an agent has an agent record of its own.");
  }
  const Uuid agent_id = caller.principal.id;
  const auto read = [&](store::Transaction& transaction) {
    return find_managed(transaction, caller.principal, agent_id);
  };
  CO_TRY(store::AgentRow agent, co_await store_.read(read));
  AuditEntry entry = agent_entry("agent.self", agent_id.to_string());
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(agent);
}

asio::awaitable<Result<store::AgentRow>> Agents::update(Caller& caller, Uuid agent_id,
                                                        AgentUpdate update) {
  if (update.scopes) CO_CHECK_OK(domain::validate_scopes(*update.scopes));
  const auto write = [&](store::Transaction& transaction) -> Result<store::AgentRow> {
    TRY(store::AgentRow agent, find_managed(transaction, caller.principal, agent_id));
    if (update.vault_ids) {
      CHECK_OK(check_vaults(transaction, agent.org_id, *update.vault_ids));
      agent.vault_ids = *update.vault_ids;
    }
    if (update.name) agent.name = *update.name;
    if (update.scopes) agent.scopes = *update.scopes;
    if (update.token_ttl_seconds || update.clear_token_ttl) {
      agent.token_ttl_seconds = update.token_ttl_seconds;
    }
    if (update.expires_at || update.clear_expires_at) agent.expires_at = update.expires_at;
    if (update.api_key_expires_at || update.clear_api_key_expires_at) {
      agent.api_key_expires_at = update.api_key_expires_at;
    }
    const bool deactivated = agent.is_active && update.is_active == false;
    if (update.is_active) agent.is_active = *update.is_active;
    store::AgentRepository agents(transaction);
    agents.update(agent);
    // Tokens of before stay dead when the agent is activated again.
    if (deactivated) agents.bump_token_version(agent_id);
    AuditEntry entry = agent_entry("agent.update", agent_id.to_string());
    entry.details["is_active"] = agent.is_active;
    audit_.append(transaction, caller, std::move(entry));
    return agent;
  };
  CO_TRY(store::AgentRow agent, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(agent);
}

asio::awaitable<Result<void>> Agents::remove(Caller& caller, Uuid agent_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::AgentRow agent, find_managed(transaction, caller.principal, agent_id));
    const TimePoint at = now();
    store::AgentRepository(transaction).remove(agent.org_id, agent_id, at);
    store::PolicyRepository(transaction).remove_for_principal("agent", agent_id);
    store::BindingRepository(transaction).remove_for_agent(agent_id);
    store::SecretRepository secrets(transaction);
    if (const auto vault =
            store::VaultRepository(transaction).find_system(agent.org_id, kAgentKeysVault)) {
      for (const std::string_view kind : {"ssh", "ecdh"}) {
        if (const auto secret = secrets.find(vault->id, key_path(agent_id, kind))) {
          secrets.remove(secret->id, at);
        }
      }
    }
    audit_.append(transaction, caller, agent_entry("agent.delete", agent_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<SecureString>> Agents::rotate_key(Caller& caller, Uuid agent_id) {
  crypto::NewApiKey key = crypto::generate_api_key(mac_key_, crypto::kAgentKeyPrefix);
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const store::AgentRow agent, find_managed(transaction, caller.principal, agent_id));
    store::AgentRepository agents(transaction);
    agents.set_key(agent_id, key.lookup, key.mac, agent.api_key_expires_at);
    agents.bump_token_version(agent_id);
    audit_.append(transaction, caller, agent_entry("agent.rotate_key", agent_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(key.text);
}

}  // namespace oneclaw::service

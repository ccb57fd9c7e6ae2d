// Use cases of bindings: an agent uses a credential without seeing it (Execution Intents).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/blocking_pool.h"
#include "service/field_seal.h"
#include "service/http_binding.h"
#include "service/secrets.h"
#include "store/agent_repository.h"
#include "store/binding_repository.h"
#include "store/store.h"

namespace oneclaw::service {

/// Where a binding's credential comes from.
struct CredentialSource {
  std::optional<SecureString> value;  ///< kept with the binding, sealed
  std::optional<Uuid> vault_id;       ///< or a secret, read anew at each use
  std::string path;
};

struct NewBinding {
  std::string name;
  std::string binding_type;
  std::string config_json = "{}";
  std::string guardrails_json = "{}";
  CredentialSource credential;
};

struct BindingUpdate {
  std::optional<std::string> config_json;
  std::optional<std::string> guardrails_json;
  std::optional<bool> is_active;
  std::optional<CredentialSource> credential;
};

struct Execution {
  store::ExecutionRow row;
  OutboundAnswer answer;  ///< scrubbed; of no meaning unless the status is "success"
};

struct ProbeResult {
  bool success = false;
  std::int64_t latency_ms = 0;
  std::string error;
};

/// Bindings are made and changed by people who manage the agent. To bind a secret they must be
/// able to read it: the agent may then use it so, with no policy of its own, unless a policy
/// denies it or its token isn't bound to the vault.
class Bindings {
 public:
  static constexpr std::int64_t kMostListed = 1000;

  Bindings(store::Store& store, Secrets& secrets, const FieldSeal& seal, AuditLog& audit)
      : store_(store), secrets_(secrets), seal_(seal), audit_(audit) {}

  /// 400 names what is wrong; 409 when the agent has a binding of that name.
  boost::asio::awaitable<Result<store::BindingRow>> create(Caller& caller, Uuid agent_id,
                                                           NewBinding binding);
  /// The agent itself may see its bindings too.
  boost::asio::awaitable<Result<std::vector<store::BindingRow>>> list(Caller& caller,
                                                                      Uuid agent_id);
  boost::asio::awaitable<Result<store::BindingRow>> get(Caller& caller, Uuid agent_id,
                                                        Uuid binding_id);
  boost::asio::awaitable<Result<store::BindingRow>> update(Caller& caller, Uuid agent_id,
                                                           Uuid binding_id, BindingUpdate update);
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid agent_id, Uuid binding_id);
  /// Whether the host answers, asked without the credential.
  boost::asio::awaitable<Result<ProbeResult>> test(Caller& caller, Uuid agent_id, Uuid binding_id);

  /// Carries out a request by the agent's binding of that name: by the agent itself, or by who
  /// manages it. What the binding refuses is 403, recorded as "denied"; a host that does not answer
  /// is an Execution of status "error".
  boost::asio::awaitable<Result<Execution>> execute(Caller& caller, Uuid agent_id,
                                                    std::string binding, std::string intent_type,
                                                    boost::json::object params);
  /// Newest first.
  boost::asio::awaitable<Result<std::vector<store::ExecutionRow>>> executions(Caller& caller,
                                                                              Uuid agent_id,
                                                                              std::int64_t limit,
                                                                              std::int64_t offset);

 private:
  Result<void> set_credential(store::BindingRow& row, const CredentialSource& source) const;
  boost::asio::awaitable<Result<SecureString>> credential_of(Caller& caller,
                                                             const store::BindingRow& row);
  boost::asio::awaitable<Result<Execution>> attempt(Caller& caller, const store::BindingRow& row,
                                                    const boost::json::object& params,
                                                    store::ExecutionRow& record);
  boost::asio::awaitable<Result<void>> keep(Caller& caller, const store::ExecutionRow& record,
                                            const std::string& name);

  store::Store& store_;
  Secrets& secrets_;
  const FieldSeal& seal_;
  AuditLog& audit_;
  BlockingPool pool_{8, 64};
};

}  // namespace oneclaw::service

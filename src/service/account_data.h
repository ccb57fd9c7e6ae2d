// A person's data as a whole: taken along, or erased.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "domain/audit_chain.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/secrets.h"
#include "service/step_up.h"
#include "store/agent_repository.h"
#include "store/api_key_repository.h"
#include "store/policy_repository.h"
#include "store/share_repository.h"
#include "store/store.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// At most so many are exported: secrets by path, the newest of the person's shares and events.
inline constexpr std::size_t kMostExportedSecrets = 10'000;
inline constexpr std::int64_t kMostExportedShares = 1000;
inline constexpr std::int64_t kMostExportedEvents = 1000;

struct ExportedSecret {
  Uuid vault_id;
  SecretMetadata metadata;
};

struct AccountExport {
  TimePoint exported_at{};
  store::UserRow user;
  std::vector<store::MembershipRow> memberships;
  std::vector<store::VaultRow> vaults;     ///< that the person made
  std::vector<store::AgentRow> agents;     ///< that the person made
  std::vector<ExportedSecret> secrets;     ///< of those vaults; never a value
  std::vector<store::PolicyRow> policies;  ///< of those vaults
  std::vector<store::ApiKeyRow> api_keys;
  std::vector<store::ListedShare> shares;  ///< that the person made; never a link
  std::vector<domain::AuditEvent> events;  ///< the person's own acts in their own org
  bool more_secrets = false;               ///< there are more than were exported
  bool more_shares = false;
  bool more_events = false;
};

class AccountData {
 public:
  AccountData(store::Store& store, StepUp& step_up, AuditLog& audit, const Outbox& outbox)
      : store_(store), step_up_(step_up), audit_(audit), outbox_(outbox) {}

  /// 403 unless `proof` holds.
  boost::asio::awaitable<Result<AccountExport>> take_along(Caller& caller,
                                                           std::optional<SecureString> proof);
  /// Erases the account, and each org that has nobody else in it. 400 unless `confirmation` is the
  /// account's address and `proof` holds; 409 for the last owner of an org that has other members.
  boost::asio::awaitable<Result<void>> erase(Caller& caller, std::string confirmation,
                                             std::optional<SecureString> proof);

 private:
  boost::asio::awaitable<Result<void>> refuse(Caller& caller, std::string action, int status);

  store::Store& store_;
  StepUp& step_up_;
  AuditLog& audit_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

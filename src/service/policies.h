// Use cases of policies.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "store/policy_repository.h"
#include "store/store.h"

namespace oneclaw::service {

struct NewPolicy {
  std::string secret_path_pattern;
  std::string principal_type;
  Uuid principal_id;
  std::vector<std::string> permissions;
  std::string effect = "allow";
  std::int64_t priority = 0;
  std::string conditions_json = "{}";
  std::optional<TimePoint> expires_at;
  std::optional<std::string> approval_json;  ///< what domain::ApprovalRule parses
};

struct PolicyUpdate {
  std::optional<std::vector<std::string>> permissions;
  std::optional<std::string> effect;
  std::optional<std::int64_t> priority;
  std::optional<std::string> conditions_json;
  std::optional<TimePoint> expires_at;
  bool clear_expires_at = false;
  std::optional<std::string> approval_json;
  bool clear_approval = false;
};

/// Only those who reach the vault whole may see or change its policies.
class Policies {
 public:
  Policies(store::Store& store, AuditLog& audit) : store_(store), audit_(audit) {}

  /// 400 names each field that is wrong; `principal_id` must be of the caller's org.
  boost::asio::awaitable<Result<store::PolicyRow>> create(Caller& caller, Uuid vault_id,
                                                          NewPolicy policy);
  boost::asio::awaitable<Result<std::vector<store::PolicyRow>>> list(Caller& caller, Uuid vault_id);
  boost::asio::awaitable<Result<store::PolicyRow>> update(Caller& caller, Uuid vault_id,
                                                          Uuid policy_id, PolicyUpdate update);
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid vault_id, Uuid policy_id);

 private:
  store::Store& store_;
  AuditLog& audit_;
};

}  // namespace oneclaw::service

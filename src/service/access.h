// Authorization: what a caller may reach in a vault.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "domain/policy.h"
#include "store/approval_repository.h"
#include "store/policy_repository.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// The engine's form of a stored policy. 500 when the row no longer parses.
Result<domain::Policy> to_policy(const store::PolicyRow& row);

/// The audit action of an access: "secret.read", "secret.write" or "secret.delete".
std::string_view action_of(domain::Access access);

/// What a caller may do in one vault, with the policies of that moment.
class VaultAccess {
 public:
  /// 404 when the vault isn't in the caller's org, 403 when the token isn't bound to it.
  static Result<VaultAccess> load(store::Transaction& transaction, const Caller& caller,
                                  const Uuid& vault_id);

  [[nodiscard]] const store::VaultRow& vault() const { return vault_; }
  /// The vault's creator and the org's owners and admins reach it whole.
  [[nodiscard]] bool whole() const { return whole_; }
  /// Whether any policy that has not expired names the caller.
  [[nodiscard]] bool has_grant() const { return !policies_.empty(); }
  [[nodiscard]] bool allows(std::string_view path, domain::Access access) const;
  /// 403 unless allows(); 403 approval_required when a person's approval is all that lacks.
  [[nodiscard]] Result<void> require(std::string_view path, domain::Access access) const;
  /// 403 unless whole(): for policies and for the vault itself.
  [[nodiscard]] Result<void> require_whole() const;

 private:
  VaultAccess() = default;

  store::VaultRow vault_;
  /// What the policies say, with the approvals that the caller holds.
  [[nodiscard]] domain::Decision decide(std::string_view path, domain::Access access) const;

  std::vector<domain::Policy> policies_;
  std::vector<store::ApprovalGrant> grants_;  ///< read only when a policy asks for approval
  domain::AccessRequest request_;
  bool whole_ = false;
};

}  // namespace oneclaw::service

// Authorization: what a caller may reach in a vault.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "domain/policy_index.h"
#include "store/approval_repository.h"
#include "store/policy_repository.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// The engine's form of a stored policy. 500 when the row no longer parses.
Result<domain::Policy> to_policy(const store::PolicyRow& row);

/// The audit action of an access: "secret.read", "secret.write" or "secret.delete".
std::string_view action_of(domain::Access access);

/// A vault and one principal's policies in it, as they were at `mark` or later. Shared and never
/// changed.
struct VaultGrants {
  store::VaultRow vault;
  std::optional<store::VaultKekRow> kek;  ///< the newest
  domain::PolicyIndex policies;
  std::vector<store::ApprovalGrant> approvals;  ///< read only when a policy asks for approval
  store::ChangeClock::Mark mark = 0;

  /// 404 when the vault isn't in the org.
  static Result<std::shared_ptr<const VaultGrants>> load(store::Transaction& transaction,
                                                         const Principal& principal,
                                                         const Uuid& vault_id);
};

/// What a caller may do in one vault, with the policies of that moment.
class VaultAccess {
 public:
  /// 404 when the vault isn't in the caller's org, 403 when the token isn't bound to it. Always
  /// from the database: AccessCache::load gives the same, mostly from memory.
  static Result<VaultAccess> load(store::Transaction& transaction, const Caller& caller,
                                  const Uuid& vault_id);

  /// The same from what was loaded for this principal.
  static Result<VaultAccess> of(std::shared_ptr<const VaultGrants> grants, const Caller& caller);

  [[nodiscard]] const store::VaultRow& vault() const { return grants_->vault; }
  /// The vault's newest KEK, wrapped; null when it has none.
  [[nodiscard]] std::shared_ptr<const store::VaultKekRow> kek() const {
    if (!grants_->kek) return nullptr;
    return {grants_, &*grants_->kek};
  }
  /// The vault's creator and the org's owners and admins reach it whole.
  [[nodiscard]] bool whole() const { return whole_; }
  /// Whether any policy that has not expired names the caller.
  [[nodiscard]] bool has_grant() const { return grants_->policies.any_alive(request_.at); }
  [[nodiscard]] bool allows(std::string_view path, domain::Access access) const;
  /// 403 when a policy denies it; unlike require(), the lack of any policy is no refusal.
  [[nodiscard]] Result<void> require_undenied(std::string_view path, domain::Access access) const;
  /// 403 unless allows(); 403 approval_required when a person's approval is all that lacks.
  [[nodiscard]] Result<void> require(std::string_view path, domain::Access access) const;
  /// 403 unless whole(): for policies and for the vault itself.
  [[nodiscard]] Result<void> require_whole() const;
  /// Prefixes of which every path under `prefix` that allows() lets through starts with one:
  /// sorted, none a prefix of another. The views live as long as this and `prefix`.
  [[nodiscard]] std::vector<std::string_view> reachable(std::string_view prefix,
                                                        domain::Access access) const;

 private:
  VaultAccess() = default;

  /// What the policies say, with the approvals that the caller holds.
  [[nodiscard]] domain::Decision decide(std::string_view path, domain::Access access) const;

  std::shared_ptr<const VaultGrants> grants_;
  domain::AccessRequest request_;
  bool whole_ = false;
};

}  // namespace oneclaw::service

#include "service/access.h"

#include <algorithm>
#include <utility>

namespace oneclaw::service {

Result<domain::Policy> to_policy(const store::PolicyRow& row) {
  TRY(GlobPath pattern, GlobPath::compile(row.secret_path_pattern));
  TRY(const domain::Effect effect, domain::parse_effect(row.effect));
  TRY(domain::Conditions conditions, domain::Conditions::parse(row.conditions));
  std::optional<domain::ApprovalRule> approval;
  if (row.approval) {
    TRY(approval, domain::ApprovalRule::parse(*row.approval));
  }
  return domain::Policy{.id = row.id,
                        .principal_type = row.principal_type == "agent" ? PrincipalType::kAgent
                                                                        : PrincipalType::kUser,
                        .principal_id = row.principal_id,
                        .pattern = std::move(pattern),
                        .permissions = static_cast<domain::PermissionSet>(row.permissions),
                        .effect = effect,
                        .priority = row.priority,
                        .expires_at = row.expires_at,
                        .conditions = std::move(conditions),
                        .approval = std::move(approval)};
}

std::string_view action_of(domain::Access access) {
  switch (access) {
    case domain::Access::kPut:
      return "secret.write";
    case domain::Access::kDelete:
      return "secret.delete";
    case domain::Access::kRead:
      break;
  }
  return "secret.read";
}

Result<std::shared_ptr<const VaultGrants>> VaultGrants::load(store::Transaction& transaction,
                                                             const Principal& principal,
                                                             const Uuid& vault_id) {
  store::VaultRepository vaults(transaction);
  auto vault = vaults.find(principal.org_id, vault_id);
  if (!vault) return problems::not_found("No such vault.");
  std::vector<domain::Policy> policies;
  for (const store::PolicyRow& row :
       store::PolicyRepository(transaction)
           .for_principal(vault_id, to_string(principal.type), principal.id)) {
    TRY(domain::Policy policy, to_policy(row));
    policies.push_back(std::move(policy));
  }
  auto grants = std::make_shared<VaultGrants>();
  grants->vault = std::move(*vault);
  grants->kek = vaults.newest_kek(vault_id);
  grants->policies = domain::PolicyIndex(std::move(policies));
  if (grants->policies.asks()) {
    grants->approvals =
        store::ApprovalRepository(transaction).grants(vault_id, principal.id, now());
  }
  grants->mark = transaction.mark();
  return std::shared_ptr<const VaultGrants>(std::move(grants));
}

Result<VaultAccess> VaultAccess::load(store::Transaction& transaction, const Caller& caller,
                                      const Uuid& vault_id) {
  TRY(auto grants, VaultGrants::load(transaction, caller.principal, vault_id));
  return of(std::move(grants), caller);
}

Result<VaultAccess> VaultAccess::of(std::shared_ptr<const VaultGrants> grants,
                                    const Caller& caller) {
  const Principal& principal = caller.principal;
  const store::VaultRow& vault = grants->vault;
  if (vault.org_id != principal.org_id) return problems::not_found("No such vault.");
  if (!principal.vault_ids.empty() &&
      std::ranges::find(principal.vault_ids, vault.id) == principal.vault_ids.end()) {
    return problems::forbidden("This token isn't bound to that vault.");
  }
  VaultAccess access;
  access.whole_ =
      principal.is_org_admin() || (principal.is_user() && vault.created_by == principal.id);
  access.request_ = {.principal_type = principal.type,
                     .principal_id = principal.id,
                     .path = {},
                     .access = domain::Access::kRead,
                     .client = caller.address,
                     .at = now()};
  access.grants_ = std::move(grants);
  return access;
}

domain::Decision VaultAccess::decide(std::string_view path, domain::Access access) const {
  if (whole_) return {.allowed = true};
  domain::AccessRequest request = request_;
  request.path = path;
  request.access = access;
  domain::Decision decision = grants_->policies.decide(request);
  if (decision.needs_approval) {
    decision.allowed =
        std::ranges::any_of(grants_->approvals, [&](const store::ApprovalGrant& grant) {
          return grant.until > request.at && grant.policy_id == decision.policy_id &&
                 grant.path == path && grant.action == action_of(access);
        });
  }
  return decision;
}

bool VaultAccess::allows(std::string_view path, domain::Access access) const {
  return decide(path, access).allowed;
}

Result<void> VaultAccess::require(std::string_view path, domain::Access access) const {
  const domain::Decision decision = decide(path, access);
  if (decision.allowed) return {};
  if (decision.needs_approval) {
    return problems::approval_required({.vault_id = grants_->vault.id,
                                        .policy_id = *decision.policy_id,
                                        .path = std::string(path),
                                        .action = std::string(action_of(access)),
                                        .request_id = std::nullopt});
  }
  return problems::forbidden("No policy lets this principal do that at this path.");
}

Result<void> VaultAccess::require_undenied(std::string_view path, domain::Access access) const {
  const domain::Decision decision = decide(path, access);
  if (decision.allowed || !decision.policy_id) return {};
  return require(path, access);
}

Result<void> VaultAccess::require_whole() const {
  if (whole_) return {};
  return problems::forbidden(
      "Only the vault's creator and the org's owners and admins may do that.");
}

std::vector<std::string_view> VaultAccess::reachable(std::string_view prefix,
                                                     domain::Access access) const {
  if (whole_) return {prefix};
  std::vector<std::string_view> prefixes;
  for (const std::string_view allowed : grants_->policies.allowed_prefixes(access)) {
    if (prefix.starts_with(allowed)) return {prefix};
    if (allowed.starts_with(prefix)) prefixes.push_back(allowed);
  }
  return prefixes;
}

}  // namespace oneclaw::service

#include "service/access.h"

#include <algorithm>

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

Result<VaultAccess> VaultAccess::load(store::Transaction& transaction, const Caller& caller,
                                      const Uuid& vault_id) {
  const Principal& principal = caller.principal;
  auto vault = store::VaultRepository(transaction).find(principal.org_id, vault_id);
  if (!vault) return problems::not_found("No such vault.");
  if (!principal.vault_ids.empty() &&
      std::ranges::find(principal.vault_ids, vault_id) == principal.vault_ids.end()) {
    return problems::forbidden("This token isn't bound to that vault.");
  }
  VaultAccess access;
  access.vault_ = std::move(*vault);
  access.whole_ =
      principal.is_org_admin() || (principal.is_user() && access.vault_.created_by == principal.id);
  access.request_ = {.principal_type = principal.type,
                     .principal_id = principal.id,
                     .path = {},
                     .access = domain::Access::kRead,
                     .client = caller.address,
                     .at = now()};
  if (access.whole_) return access;
  bool asks = false;
  for (const store::PolicyRow& row :
       store::PolicyRepository(transaction)
           .for_principal(vault_id, to_string(principal.type), principal.id)) {
    if (row.expires_at && *row.expires_at <= access.request_.at) continue;
    TRY(domain::Policy policy, to_policy(row));
    asks = asks || policy.approval.has_value();
    access.policies_.push_back(std::move(policy));
  }
  if (asks) {
    access.grants_ =
        store::ApprovalRepository(transaction).grants(vault_id, principal.id, access.request_.at);
  }
  return access;
}

domain::Decision VaultAccess::decide(std::string_view path, domain::Access access) const {
  if (whole_) return {.allowed = true};
  domain::AccessRequest request = request_;
  request.path = path;
  request.access = access;
  domain::Decision decision = domain::decide(policies_, request);
  if (decision.needs_approval) {
    decision.allowed = std::ranges::any_of(grants_, [&](const store::ApprovalGrant& grant) {
      return grant.policy_id == decision.policy_id && grant.path == path &&
             grant.action == action_of(access);
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
    return problems::approval_required({.vault_id = vault_.id,
                                        .policy_id = *decision.policy_id,
                                        .path = std::string(path),
                                        .action = std::string(action_of(access)),
                                        .request_id = std::nullopt});
  }
  return problems::forbidden("No policy lets this principal do that at this path.");
}

Result<void> VaultAccess::require_whole() const {
  if (whole_) return {};
  return problems::forbidden(
      "Only the vault's creator and the org's owners and admins may do that.");
}

}  // namespace oneclaw::service

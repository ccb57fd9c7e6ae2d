#include "service/policies.h"

#include <utility>

#include "domain/policy.h"
#include "service/access.h"
#include "store/agent_repository.h"
#include "store/user_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

AuditEntry policy_entry(std::string action, const Uuid& vault_id, std::string policy_id) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "policy",
                   .resource_id = std::move(policy_id),
                   .details = {}};
  entry.details["vault_id"] = vault_id.to_string();
  return entry;
}

void describe(AuditEntry& entry, const store::PolicyRow& policy) {
  entry.details["principal"] = policy.principal_type + ":" + policy.principal_id.to_string();
  entry.details["secret_path_pattern"] = policy.secret_path_pattern;
  entry.details["effect"] = policy.effect;
  std::string names;
  for (const std::string& name :
       domain::permission_names(static_cast<domain::PermissionSet>(policy.permissions))) {
    names += (names.empty() ? "" : ",") + name;
  }
  entry.details["permissions"] = names;
  entry.details["needs_approval"] = policy.approval.has_value();
}

/// Gathers the field errors of several checks.
class FieldErrors {
 public:
  template <class T>
  void note(const Result<T>& result) {
    if (result.ok()) return;
    for (const FieldError& error : result.problem().fields) errors_.push_back(error);
  }
  [[nodiscard]] Result<void> check() const {
    if (errors_.empty()) return {};
    return problems::validation(errors_);
  }

 private:
  std::vector<FieldError> errors_;
};

/// An approval is something that an allow policy asks for: a deny policy lets nobody in.
Result<void> check_approval(std::string_view effect, const std::optional<std::string>& approval) {
  if (!approval) return {};
  CHECK_OK(domain::ApprovalRule::parse(*approval));
  if (effect == "allow") return {};
  return problems::validation("consensus_trigger", "must not be set on a deny policy");
}

Result<void> check_principal(store::Transaction& transaction, const Uuid& org_id,
                             std::string_view type, const Uuid& id) {
  const bool known = type == "agent"
                         ? store::AgentRepository(transaction).find(org_id, id).has_value()
                         : store::UserRepository(transaction).role(org_id, id).has_value();
  if (known) return {};
  return problems::validation("principal_id", "is no such principal of this org");
}

}  // namespace

asio::awaitable<Result<store::PolicyRow>> Policies::create(Caller& caller, Uuid vault_id,
                                                           NewPolicy policy) {
  FieldErrors errors;
  const auto permissions = domain::parse_permissions(policy.permissions);
  errors.note(permissions);
  errors.note(GlobPath::compile(policy.secret_path_pattern));
  errors.note(domain::parse_effect(policy.effect));
  errors.note(domain::Conditions::parse(policy.conditions_json));
  errors.note(check_approval(policy.effect, policy.approval_json));
  if (policy.principal_type != "user" && policy.principal_type != "agent") {
    errors.note(Result<void>(problems::validation("principal_type", "must be user or agent")));
  }
  CO_CHECK_OK(errors.check());

  const auto write = [&](store::Transaction& transaction) -> Result<store::PolicyRow> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    const Principal& author = caller.principal;
    CHECK_OK(
        check_principal(transaction, author.org_id, policy.principal_type, policy.principal_id));
    const TimePoint at = now();
    store::PolicyRow row{.id = Uuid::v7(),
                         .vault_id = vault_id,
                         .org_id = author.org_id,
                         .secret_path_pattern = policy.secret_path_pattern,
                         .principal_type = policy.principal_type,
                         .principal_id = policy.principal_id,
                         .permissions = *permissions,
                         .effect = policy.effect,
                         .priority = policy.priority,
                         .conditions = policy.conditions_json,
                         .expires_at = policy.expires_at,
                         .approval = policy.approval_json,
                         .created_by = author.id,
                         .created_by_type = std::string(to_string(author.type)),
                         .created_at = at,
                         .updated_at = at};
    store::PolicyRepository(transaction).insert(row);
    AuditEntry entry = policy_entry("policy.create", vault_id, row.id.to_string());
    describe(entry, row);
    audit_.append(transaction, caller, std::move(entry));
    return row;
  };
  CO_TRY(store::PolicyRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<std::vector<store::PolicyRow>>> Policies::list(Caller& caller,
                                                                      Uuid vault_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::PolicyRow>> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    return store::PolicyRepository(transaction).list(vault_id);
  };
  CO_TRY(auto policies, co_await store_.read(read));
  AuditEntry entry = policy_entry("policy.list", vault_id, {});
  entry.details["count"] = policies.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(policies);
}

asio::awaitable<Result<store::PolicyRow>> Policies::update(Caller& caller, Uuid vault_id,
                                                           Uuid policy_id, PolicyUpdate update) {
  FieldErrors errors;
  std::optional<domain::PermissionSet> permissions;
  if (update.permissions) {
    const auto parsed = domain::parse_permissions(*update.permissions);
    errors.note(parsed);
    if (parsed.ok()) permissions = *parsed;
  }
  if (update.effect) errors.note(domain::parse_effect(*update.effect));
  if (update.conditions_json) errors.note(domain::Conditions::parse(*update.conditions_json));
  CO_CHECK_OK(errors.check());

  const auto write = [&](store::Transaction& transaction) -> Result<store::PolicyRow> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    store::PolicyRepository policies(transaction);
    auto row = policies.find(vault_id, policy_id);
    if (!row) return problems::not_found("No such policy in that vault.");
    if (permissions) row->permissions = *permissions;
    if (update.effect) row->effect = *update.effect;
    if (update.priority) row->priority = *update.priority;
    if (update.conditions_json) row->conditions = *update.conditions_json;
    if (update.expires_at || update.clear_expires_at) row->expires_at = update.expires_at;
    if (update.approval_json || update.clear_approval) row->approval = update.approval_json;
    CHECK_OK(check_approval(row->effect, row->approval));
    row->updated_at = now();
    policies.update(*row);
    AuditEntry entry = policy_entry("policy.update", vault_id, policy_id.to_string());
    describe(entry, *row);
    audit_.append(transaction, caller, std::move(entry));
    return std::move(*row);
  };
  CO_TRY(store::PolicyRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<void>> Policies::remove(Caller& caller, Uuid vault_id, Uuid policy_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY(const VaultAccess access, VaultAccess::load(transaction, caller, vault_id));
    CHECK_OK(access.require_whole());
    if (!store::PolicyRepository(transaction).remove(vault_id, policy_id)) {
      return problems::not_found("No such policy in that vault.");
    }
    audit_.append(transaction, caller,
                  policy_entry("policy.delete", vault_id, policy_id.to_string()));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

}  // namespace oneclaw::service

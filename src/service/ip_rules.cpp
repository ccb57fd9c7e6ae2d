#include "service/ip_rules.h"

#include <mutex>
#include <utility>

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// A stored block always parses: it was checked when it came.
void add_rule(std::vector<domain::IpRule>& rules, const store::IpRuleRow& row) {
  const auto block = Cidr::parse(row.cidr);
  if (!block) return;
  rules.push_back({.allow = row.rule_type == "allow",
                   .block = *block,
                   .for_users = row.applies_to != "agents",
                   .for_agents = row.applies_to != "users"});
}

std::vector<domain::IpRule> rules_of(store::Transaction& transaction, const Uuid& org_id) {
  std::vector<domain::IpRule> rules;
  for (const store::IpRuleRow& row : store::IpRuleRepository(transaction).list(org_id)) {
    add_rule(rules, row);
  }
  return rules;
}

bool locks_out(store::Transaction& transaction, const Caller& caller) {
  return !domain::ip_rules_admit(rules_of(transaction, caller.principal.org_id),
                                 caller.principal.type, caller.address);
}

Result<void> require_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may manage its IP rules.");
}

AuditEntry rule_entry(std::string action, std::string id) {
  return {.action = std::move(action),
          .resource_type = "ip_rule",
          .resource_id = std::move(id),
          .details = {}};
}

}  // namespace

asio::awaitable<Result<void>> IpRules::load() {
  const std::uint64_t seen = tickets_.load();  // a change of this node's with a later one is newer
  const auto read = [](store::Transaction& transaction) -> Result<std::vector<store::IpRuleRow>> {
    return store::IpRuleRepository(transaction).list_all();
  };
  CO_TRY(const auto rows, co_await store_.read(read));
  std::unordered_map<Uuid, Rules> by_org;
  for (const store::IpRuleRow& row : rows) add_rule(by_org[row.org_id], row);
  const std::unique_lock lock(mutex_);
  std::erase_if(orgs_, [seen](const auto& org) { return org.second.ticket <= seen; });
  for (auto& [org_id, rules] : by_org) {
    orgs_.try_emplace(org_id, Entry{std::make_shared<const Rules>(std::move(rules)), 0});
  }
  any_ = !orgs_.empty();
  co_return Result<void>();
}

bool IpRules::admits(const Uuid& org_id, PrincipalType type, const IpAddress& address) const {
  if (!any_.load(std::memory_order_acquire)) return true;
  std::shared_ptr<const Rules> rules;
  {
    const std::shared_lock lock(mutex_);
    const auto found = orgs_.find(org_id);
    if (found == orgs_.end()) return true;
    rules = found->second.rules;
  }
  return domain::ip_rules_admit(*rules, type, address);
}

void IpRules::install(const Uuid& org_id, Change& change) {
  const std::unique_lock lock(mutex_);
  Entry& entry = orgs_[org_id];
  if (entry.ticket < change.ticket) {
    entry = {std::make_shared<const Rules>(std::move(change.rules)), change.ticket};
  }
  any_.store(true, std::memory_order_release);
}

asio::awaitable<Result<std::vector<store::IpRuleRow>>> IpRules::list(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::IpRuleRow>> {
    return store::IpRuleRepository(transaction).list(caller.principal.org_id);
  };
  CO_TRY(auto rules, co_await store_.read(read));
  AuditEntry entry = rule_entry("ip_rule.list", {});
  entry.details["count"] = rules.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(rules);
}

asio::awaitable<Result<store::IpRuleRow>> IpRules::create(Caller& caller, NewIpRule rule) {
  CO_CHECK_OK(require_admin(caller));
  const auto block = Cidr::parse(rule.cidr);
  if (!block) {
    co_return problems::validation("cidr", "must be an IP address or CIDR block, host bits zero");
  }
  if (rule.rule_type != "allow" && rule.rule_type != "deny") {
    co_return problems::validation("rule_type", "must be allow or deny");
  }
  if (rule.applies_to != "all" && rule.applies_to != "users" && rule.applies_to != "agents") {
    co_return problems::validation("applies_to", "must be all, users or agents");
  }
  const store::IpRuleRow row{.id = Uuid::v7(),
                             .org_id = caller.principal.org_id,
                             .rule_type = rule.rule_type,
                             .cidr = block->to_string(),
                             .label = rule.label,
                             .applies_to = rule.applies_to,
                             .created_by = caller.principal.id,
                             .created_at = now()};
  const auto write = [&](store::Transaction& transaction) -> Result<Change> {
    store::IpRuleRepository repository(transaction);
    if (repository.list(row.org_id).size() >= kMostIpRules) {
      return problems::conflict("The org has as many IP rules as one may have: 256.");
    }
    repository.insert(row);
    if (locks_out(transaction, caller)) {
      return problems::validation("cidr", "would lock out the address that you call from");
    }
    AuditEntry entry = rule_entry("ip_rule.create", row.id.to_string());
    entry.details["rule_type"] = row.rule_type;
    entry.details["cidr"] = row.cidr;
    entry.details["applies_to"] = row.applies_to;
    audit_.append(transaction, caller, std::move(entry));
    return Change{rules_of(transaction, row.org_id), ++tickets_};
  };
  CO_TRY(Change change, co_await store_.write(write));
  caller.audited = true;
  install(row.org_id, change);
  co_return row;
}

asio::awaitable<Result<void>> IpRules::remove(Caller& caller, Uuid rule_id) {
  CO_CHECK_OK(require_admin(caller));
  const Uuid& org_id = caller.principal.org_id;
  const auto write = [&](store::Transaction& transaction) -> Result<Change> {
    if (!store::IpRuleRepository(transaction).remove(org_id, rule_id)) {
      return problems::not_found("No such IP rule.");
    }
    if (locks_out(transaction, caller)) {
      return problems::conflict("Without this rule the others would lock you out.");
    }
    audit_.append(transaction, caller, rule_entry("ip_rule.delete", rule_id.to_string()));
    return Change{rules_of(transaction, org_id), ++tickets_};
  };
  CO_TRY(Change change, co_await store_.write(write));
  caller.audited = true;
  install(org_id, change);
  co_return Result<void>();
}

}  // namespace oneclaw::service

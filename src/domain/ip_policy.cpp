#include "domain/ip_policy.h"

namespace oneclaw::domain {

namespace {

bool concerns(const IpRule& rule, PrincipalType type) {
  if (type == PrincipalType::kAgent) return rule.for_agents;
  return rule.for_users && (type == PrincipalType::kUser || rule.for_agents);
}

}  // namespace

bool ip_rules_admit(const std::vector<IpRule>& rules, PrincipalType type,
                    const IpAddress& address) {
  bool narrowed = false;
  bool allowed = false;
  for (const IpRule& rule : rules) {
    if (!concerns(rule, type)) continue;
    const bool matches = rule.block.contains(address);
    if (!rule.allow && matches) return false;
    if (rule.allow) {
      narrowed = true;
      allowed = allowed || matches;
    }
  }
  return allowed || !narrowed;
}

}  // namespace oneclaw::domain

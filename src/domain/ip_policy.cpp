#include "domain/ip_policy.h"

namespace oneclaw::domain {

bool ip_rules_admit(const std::vector<IpRule>& rules, PrincipalType type,
                    const IpAddress& address) {
  bool narrowed = false;
  bool allowed = false;
  for (const IpRule& rule : rules) {
    if (!(type == PrincipalType::kAgent ? rule.for_agents : rule.for_users)) continue;
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

// Which addresses an org lets its principals call from. Pure: no I/O.
#pragma once

#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/ip.h"

namespace oneclaw::domain {

struct IpRule {
  bool allow = true;  ///< else it denies
  Cidr block;
  bool for_users = true;
  bool for_agents = true;
};

/// A deny rule that matches shuts the address out. Else, when there are allow rules for this kind
/// of principal, one of them must match; with none, every address is let in. For a guest of the
/// org's (kNone) those rules count that are for users and agents alike.
bool ip_rules_admit(const std::vector<IpRule>& rules, PrincipalType type, const IpAddress& address);

}  // namespace oneclaw::domain

#include "domain/policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace oneclaw::domain {

namespace {

struct NamedPermission {
  Permission permission;
  std::string_view name;
};
constexpr std::array<NamedPermission, 3> kPermissions{
    {{kRead, "read"}, {kWrite, "write"}, {kDelete, "delete"}}};

/// Whether `policy`, of the same priority, would change what `deciding` says.
bool wins_tie(const Policy& policy, const Policy& deciding, Access access) {
  const Verdict verdict = verdict_of(policy, access);
  const Verdict so_far = verdict_of(deciding, access);
  if (verdict != so_far) return verdict > so_far;
  return verdict == Verdict::kAsk && policy.id < deciding.id;
}

}  // namespace

Result<PermissionSet> parse_permissions(const std::vector<std::string>& names) {
  unsigned set = 0;
  for (const std::string& name : names) {
    const auto* const found = std::ranges::find(kPermissions, name, &NamedPermission::name);
    if (found == kPermissions.end()) {
      return problems::validation("permissions", "must be of read, write and delete");
    }
    if ((set & found->permission) != 0) {
      return problems::validation("permissions", "must not name one twice");
    }
    set |= found->permission;
  }
  if (set == 0) return problems::validation("permissions", "must name at least one");
  return static_cast<PermissionSet>(set);
}

std::vector<std::string> permission_names(PermissionSet set) {
  std::vector<std::string> names;
  for (const auto& [permission, name] : kPermissions) {
    if ((set & permission) != 0) names.emplace_back(name);
  }
  return names;
}

PermissionSet permissions_for(Access access) {
  switch (access) {
    case Access::kPut:
      return kWrite;
    case Access::kDelete:
      return kWrite | kDelete;
    case Access::kRead:
      break;
  }
  return kRead;
}

Result<Effect> parse_effect(std::string_view name) {
  if (name == "allow") return Effect::kAllow;
  if (name == "deny") return Effect::kDeny;
  return problems::validation("effect", "must be allow or deny");
}

std::string_view to_string(Effect effect) {
  return effect == Effect::kAllow ? "allow" : "deny";
}

bool applies(const Policy& policy, const AccessRequest& request, PermissionSet wanted) {
  return policy.principal_type == request.principal_type &&
         policy.principal_id == request.principal_id && (policy.permissions & wanted) != 0 &&
         (!policy.expires_at || *policy.expires_at > request.at) &&
         policy.pattern.matches(request.path) && policy.conditions.hold(request.client, request.at);
}

Verdict verdict_of(const Policy& policy, Access access) {
  if (policy.effect == Effect::kDeny) return Verdict::kDeny;
  return policy.approval && policy.approval->asks(access) ? Verdict::kAsk : Verdict::kAllow;
}

Decision decide(std::span<const Policy> policies, const AccessRequest& request) {
  const PermissionSet wanted = permissions_for(request.access);
  const Policy* deciding = nullptr;
  for (const Policy& policy : policies) {
    if (deciding != nullptr) {
      // Cheap first: a policy that could not change the outcome isn't matched.
      if (policy.priority < deciding->priority) continue;
      const bool tie = policy.priority == deciding->priority;
      if (tie && !wins_tie(policy, *deciding, request.access)) continue;
    }
    if (applies(policy, request, wanted)) deciding = &policy;
  }
  if (deciding == nullptr) return {};
  const Verdict verdict = verdict_of(*deciding, request.access);
  return {verdict == Verdict::kAllow, verdict == Verdict::kAsk, deciding->id};
}

}  // namespace oneclaw::domain

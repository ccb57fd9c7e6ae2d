#include "service/event_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace oneclaw::service {

namespace {

/// Audit actions that are events by themselves, in the transaction of their audit event.
constexpr std::array<std::pair<std::string_view, std::string_view>, 29> kOfAction{{
    {"vault.create", "vault.created"},
    {"vault.delete", "vault.deleted"},
    {"secret.delete", "secret.deleted"},
    {"secret.disable_version", "secret.version_disabled"},
    {"agent.enroll_approve", "agent.enrolled"},
    {"policy.create", "policy.created"},
    {"policy.update", "policy.updated"},
    {"policy.delete", "policy.deleted"},
    {"agent.create", "agent.created"},
    {"agent.update", "agent.updated"},
    {"agent.delete", "agent.deleted"},
    {"agent.rotate_key", "agent.key_rotated"},
    {"api_key.create", "api_key.created"},
    {"api_key.revoke", "api_key.revoked"},
    {"auth.change_password", "user.password_changed"},
    {"share.create", "share.created"},
    {"share.access", "share.accessed"},
    {"share.accept", "share.accepted"},
    {"share.decline", "share.declined"},
    {"share.revoke", "share.revoked"},
    {"share.lock", "share.locked"},
    {"share.claim", "share.claimed"},
    {"member.invite", "member.invited"},
    {"member.join", "member.joined"},
    {"member.update_role", "member.role_changed"},
    {"member.remove", "member.removed"},
    {"webhook.create", "webhook.created"},
    {"webhook.update", "webhook.updated"},
    {"webhook.delete", "webhook.deleted"},
}};

/// Those that have no action of their own, or that their service enqueues itself.
constexpr std::array<std::string_view, 6> kOthers{"secret.created",   "secret.updated",
                                                  "secret.rotated",   "approval.requested",
                                                  "approval.decided", "cmek.rotated"};

template <class Predicate>
bool any_type(Predicate predicate) {
  return std::ranges::any_of(kOthers, predicate) ||
         std::ranges::any_of(kOfAction, [&](const auto& entry) { return predicate(entry.second); });
}

}  // namespace

bool is_event_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.ends_with(".*")) {
    const std::string_view prefix = text.substr(0, text.size() - 1);
    return any_type([&](std::string_view type) { return type.starts_with(prefix); });
  }
  return any_type([&](std::string_view type) { return type == text; });
}

std::optional<std::string_view> event_type_of(const AuditEntry& entry) {
  if (entry.action == "secret.write") {
    const auto* version = entry.details.if_contains("version");
    const bool first = version != nullptr && version->is_int64() && version->get_int64() == 1;
    return first ? "secret.created" : "secret.updated";
  }
  for (const auto& [action, type] : kOfAction) {
    if (entry.action == action) return type;
  }
  return std::nullopt;
}

}  // namespace oneclaw::service

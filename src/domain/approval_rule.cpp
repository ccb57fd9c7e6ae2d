#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "domain/policy.h"

namespace oneclaw::domain {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostConditions = 16;
constexpr std::int64_t kMostApprovals = 10;
constexpr std::int64_t kLeastSeconds = 60;
constexpr std::int64_t kMostWait = 30LL * 86'400;
constexpr std::int64_t kMostGrant = 86'400;

struct NamedAccess {
  std::string_view name;
  Access access;
};
constexpr std::array<NamedAccess, 3> kActions{
    {{"read", Access::kRead}, {"write", Access::kPut}, {"delete", Access::kDelete}}};

Problem wrong(const std::string& field, std::string message) {
  return problems::validation("consensus_trigger" + (field.empty() ? "" : "." + field),
                              std::move(message));
}

/// Refuses members outside `known`: one that is dropped silently would be one that does not bite.
Result<void> check_members(const json::object& object,
                           std::initializer_list<std::string_view> known,
                           const std::string& prefix) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (std::ranges::find(known, name) == known.end()) {
      return wrong(prefix + std::string(name), "isn't supported by this server");
    }
  }
  return {};
}

Result<unsigned> parse_actions(const json::object& condition, const std::string& prefix) {
  const json::value* actions = condition.if_contains("actions");
  if (actions == nullptr || !actions->is_array() || actions->get_array().empty()) {
    return wrong(prefix + "actions", "must be an array of read, write and delete");
  }
  unsigned asked = 0;
  for (const json::value& item : actions->get_array()) {
    std::string_view name = item.is_string() ? std::string_view(item.get_string()) : "";
    if (name.starts_with("secret.")) name.remove_prefix(7);
    const auto* const found = std::ranges::find(kActions, name, &NamedAccess::name);
    if (found == kActions.end()) {
      return wrong(prefix + "actions", "must be an array of read, write and delete");
    }
    asked |= 1U << static_cast<unsigned>(found->access);
  }
  return asked;
}

/// The accesses that one condition asks for.
Result<unsigned> parse_condition(const json::value& value, const std::string& field) {
  if (!value.is_object()) return wrong(field, "must be an object");
  const json::object& condition = value.get_object();
  const json::value* type = condition.if_contains("type");
  const std::string_view name =
      type != nullptr && type->is_string() ? std::string_view(type->get_string()) : "";
  if (name == "always") {
    CHECK_OK(check_members(condition, {"type"}, field + "."));
    unsigned all = 0;
    for (const NamedAccess& action : kActions) all |= 1U << static_cast<unsigned>(action.access);
    return all;
  }
  if (name == "action_in") {
    CHECK_OK(check_members(condition, {"type", "actions"}, field + "."));
    return parse_actions(condition, field + ".");
  }
  return wrong(field + ".type", "must be always or action_in: others concern transactions");
}

Result<unsigned> parse_conditions(const json::object& object) {
  const json::value* conditions = object.if_contains("conditions");
  if (conditions == nullptr || !conditions->is_array() || conditions->get_array().empty() ||
      conditions->get_array().size() > kMostConditions) {
    return wrong("conditions", "must be an array of 1 to 16 conditions");
  }
  unsigned asked = 0;
  std::size_t index = 0;
  for (const json::value& condition : conditions->get_array()) {
    TRY(const unsigned more,
        parse_condition(condition, "conditions[" + std::to_string(index++) + "]"));
    asked |= more;
  }
  return asked;
}

struct Approvers {
  std::int64_t least = 1;
  std::vector<std::string> roles;
};

Result<Approvers> parse_approval(const json::object& object) {
  const json::value* value = object.if_contains("approval");
  if (value == nullptr || !value->is_object()) return wrong("approval", "must be an object");
  const json::object& approval = value->get_object();
  CHECK_OK(check_members(approval, {"min_approvals", "required_roles"}, "approval."));
  const json::value* least = approval.if_contains("min_approvals");
  if (least == nullptr || !least->is_int64() || least->get_int64() < 1 ||
      least->get_int64() > kMostApprovals) {
    return wrong("approval.min_approvals", "must be an integer from 1 to 10");
  }
  std::vector<std::string> roles;
  if (const json::value* named = approval.if_contains("required_roles")) {
    const auto wrong_roles = [] {
      return wrong("approval.required_roles", "must be an array of owner and admin");
    };
    if (!named->is_array()) return wrong_roles();
    for (const json::value& item : named->get_array()) {
      const std::string_view role = item.is_string() ? std::string_view(item.get_string()) : "";
      if (role != "owner" && role != "admin") return wrong_roles();
      if (std::ranges::find(roles, role) == roles.end()) roles.emplace_back(role);
    }
  }
  return Approvers{least->get_int64(), std::move(roles)};
}

Result<std::chrono::seconds> parse_seconds(const json::object& object, std::string_view name,
                                           std::int64_t most, std::chrono::seconds fallback) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return fallback;
  if (!value->is_int64() || value->get_int64() < kLeastSeconds || value->get_int64() > most) {
    return wrong(std::string(name), "must be an integer from 60 to " + std::to_string(most));
  }
  return std::chrono::seconds(value->get_int64());
}

}  // namespace

Result<ApprovalRule> ApprovalRule::parse(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return wrong("", "must be an object");
  const json::object& object = value.get_object();
  CHECK_OK(check_members(
      object, {"conditions", "approval", "expiry_secs", "grant_secs", "self_approval_allowed"},
      ""));
  if (const json::value* self = object.if_contains("self_approval_allowed");
      self != nullptr && (!self->is_bool() || self->get_bool())) {
    return wrong("self_approval_allowed", "must be false: nobody approves what they ask for");
  }
  ApprovalRule rule;
  TRY(rule.asked_, parse_conditions(object));
  TRY(Approvers approvers, parse_approval(object));
  rule.approvals_ = approvers.least;
  rule.roles_ = std::move(approvers.roles);
  TRY(rule.wait_, parse_seconds(object, "expiry_secs", kMostWait, rule.wait_));
  TRY(rule.grant_, parse_seconds(object, "grant_secs", kMostGrant, rule.grant_));
  return rule;
}

}  // namespace oneclaw::domain

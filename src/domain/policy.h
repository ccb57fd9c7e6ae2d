// The policy engine: which principal may do what to which path. Pure: no I/O, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller.h"
#include "base/glob_path.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw::domain {

/// What a policy may permit; a policy holds a set of these as a bit mask.
enum Permission : std::uint8_t {
  kRead = 1,    ///< value and metadata
  kWrite = 2,   ///< PUT and DELETE
  kDelete = 4,  ///< DELETE alone
};
using PermissionSet = std::uint8_t;

/// ["read","write","delete"] to a set: at least one, no repeats, nothing else; 400 "permissions".
Result<PermissionSet> parse_permissions(const std::vector<std::string>& names);
std::vector<std::string> permission_names(PermissionSet set);

/// What a request wants to do. PUT needs `write`; DELETE needs `write` or `delete`.
enum class Access : std::uint8_t { kRead, kPut, kDelete };
/// The permissions of which one suffices for `access`.
PermissionSet permissions_for(Access access);

enum class Effect : std::uint8_t { kAllow, kDeny };
/// "allow" or "deny"; 400 "effect".
Result<Effect> parse_effect(std::string_view name);
std::string_view to_string(Effect effect);

/// `{"ip_allowlist": ["10.0.0.0/8", …], "time_window": {"after": "09:00", "before": "17:00",
/// "timezone": "Europe/Berlin"}}`, parsed and checked. Both are optional and both must hold.
/// `after` is inclusive, `before` exclusive; after > before spans midnight; equal is refused.
/// `timezone` is an IANA name, UTC by default. Unknown keys are refused: a condition that the
/// engine does not know must not be dropped silently.
class Conditions {
 public:
  Conditions() = default;
  /// `json`: a JSON object as text ("{}" for none). 400s name e.g. "conditions.ip_allowlist[0]".
  static Result<Conditions> parse(std::string_view json);
  [[nodiscard]] bool hold(const IpAddress& client, TimePoint at) const;
  /// About what it takes in memory beyond itself.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct TimeWindow;
  std::vector<Cidr> ip_allowlist_;
  bool has_ip_allowlist_ = false;  ///< an empty allow list lets nobody in
  std::shared_ptr<const TimeWindow> window_;
};

/// What an allow policy may ask for on top: that a person approves each access. The wire's
/// `consensus_trigger`, of which this server knows
///     {"conditions": [{"type": "always"} | {"type": "action_in", "actions": ["read", …]}],
///      "approval": {"min_approvals": 1 to 10, "required_roles": ["owner", "admin"]},
///      "expiry_secs": 86400, "grant_secs": 3600}
/// One condition that holds is enough to ask. `actions` are of read, write and delete, also as
/// secret.read and so on. Without `required_roles` those who reach the vault whole may decide.
class ApprovalRule {
 public:
  /// `json`: a JSON object as text. 400s name e.g. "consensus_trigger.conditions[0].type"; what
  /// the wire knows and this server doesn't is refused, for it would not be kept.
  static Result<ApprovalRule> parse(std::string_view json);

  [[nodiscard]] bool asks(Access access) const {
    return ((asked_ >> static_cast<unsigned>(access)) & 1U) != 0;
  }
  /// Who may decide: roles of the org; empty: not narrowed.
  [[nodiscard]] const std::vector<std::string>& roles() const { return roles_; }
  /// So many people must approve; one who rejects is enough.
  [[nodiscard]] std::int64_t approvals() const { return approvals_; }
  /// How long a request waits for its decision: a minute to 30 days.
  [[nodiscard]] std::chrono::seconds wait() const { return wait_; }
  /// How long an approval lets its requester in: a minute to a day.
  [[nodiscard]] std::chrono::seconds grant() const { return grant_; }

 private:
  unsigned asked_ = 0;  ///< a bit for each Access
  std::vector<std::string> roles_;
  std::int64_t approvals_ = 1;
  std::chrono::seconds wait_{86'400};
  std::chrono::seconds grant_{3600};
};

struct Policy {
  Uuid id;
  PrincipalType principal_type = PrincipalType::kNone;
  Uuid principal_id;
  GlobPath pattern;
  PermissionSet permissions = 0;
  Effect effect = Effect::kAllow;
  std::int64_t priority = 0;
  std::optional<TimePoint> expires_at;
  Conditions conditions;
  std::optional<ApprovalRule> approval{};  ///< of an allow policy
};

struct AccessRequest {
  PrincipalType principal_type = PrincipalType::kNone;
  Uuid principal_id;
  std::string_view path;
  Access access = Access::kRead;
  IpAddress client;
  TimePoint at{};
};

struct Decision {
  bool allowed = false;
  bool needs_approval = false;      ///< not allowed but by a person's approval
  std::optional<Uuid> policy_id{};  ///< the policy that decided; nullopt: none applied, so denied
};

/// Whether principal, path and one of the permissions in `wanted` match, the policy has not expired
/// (expires_at > at) and its conditions hold.
bool applies(const Policy& policy, const AccessRequest& request, PermissionSet wanted);

/// What a policy says about an access; among those of one priority the greatest wins.
enum class Verdict : std::uint8_t { kAllow, kAsk, kDeny };
Verdict verdict_of(const Policy& policy, Access access);

/// The applicable policies of the highest priority decide: one deny among them denies, else one
/// that asks for approval asks (the one of the lowest id, so that an approval stays good), else one
/// allow allows. None applicable denies. PolicyIndex gives the same, faster.
Decision decide(std::span<const Policy> policies, const AccessRequest& request);

}  // namespace oneclaw::domain

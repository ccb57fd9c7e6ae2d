#include <gtest/gtest.h>

#include <algorithm>

#include "domain/policy.h"

namespace oneclaw::domain {
namespace {

const Uuid kAgentId = *Uuid::parse("0190a5b0-0000-7000-8000-0000000000bb");
constexpr std::string_view kAlways =
    R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":1}})";
constexpr std::string_view kWrites =
    R"({"conditions":[{"type":"action_in","actions":["write","secret.delete"]}],
        "approval":{"min_approvals":1,"required_roles":["owner","owner"]},
        "expiry_secs":60,"grant_secs":86400})";

ApprovalRule rule(std::string_view json = kAlways) {
  return ApprovalRule::parse(json).value();
}

Policy policy(int number, Effect effect, std::int64_t priority,
              std::optional<ApprovalRule> approval = std::nullopt) {
  Policy made;
  made.id.bytes[15] = static_cast<std::uint8_t>(number);
  made.principal_type = PrincipalType::kAgent;
  made.principal_id = kAgentId;
  made.pattern = GlobPath::compile("**").value();
  made.permissions = kRead | kWrite | kDelete;
  made.effect = effect;
  made.priority = priority;
  made.approval = std::move(approval);
  return made;
}

AccessRequest request(Access access = Access::kRead) {
  AccessRequest made;
  made.principal_type = PrincipalType::kAgent;
  made.principal_id = kAgentId;
  made.path = "prod/db";
  made.access = access;
  return made;
}

TEST(ApprovalRule, ReadsTheWire) {
  const ApprovalRule always = rule();
  for (const Access access : {Access::kRead, Access::kPut, Access::kDelete}) {
    EXPECT_TRUE(always.asks(access));
  }
  EXPECT_TRUE(always.roles().empty());
  EXPECT_EQ(always.approvals(), 1);
  EXPECT_EQ(
      rule(R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":10}})").approvals(),
      10);
  EXPECT_EQ(always.wait(), std::chrono::hours(24));
  EXPECT_EQ(always.grant(), std::chrono::hours(1));

  const ApprovalRule writes = rule(kWrites);
  EXPECT_FALSE(writes.asks(Access::kRead));
  EXPECT_TRUE(writes.asks(Access::kPut));
  EXPECT_TRUE(writes.asks(Access::kDelete));
  EXPECT_EQ(writes.roles(), std::vector<std::string>{"owner"});
  EXPECT_EQ(writes.wait(), std::chrono::minutes(1));
  EXPECT_EQ(writes.grant(), std::chrono::hours(24));
}

TEST(ApprovalRule, NamesWhatIsWrong) {
  const struct {
    std::string_view json;
    std::string_view field;
  } cases[] = {
      {"[]", ""},
      {"{", ""},
      {R"({"approval":{"min_approvals":1}})", ".conditions"},
      {R"({"conditions":[{"type":"chain_in"}],"approval":{"min_approvals":1}})",
       ".conditions[0].type"},
      {R"({"conditions":[{}],"approval":{"min_approvals":1}})", ".conditions[0].type"},
      {R"({"conditions":[{"type":"always"}]})", ".approval"},
      {R"({"conditions":[{"type":"always"}],"approval":{}})", ".approval.min_approvals"},
      {R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":1.0}})",
       ".approval.min_approvals"},
      {R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":0}})",
       ".approval.min_approvals"},
      {R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":11}})",
       ".approval.min_approvals"},
      {R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":1},"deep_inspect":true})",
       ".deep_inspect"},
      {R"({"conditions":[{"type":"always"}],"approval":{"min_approvals":1},"expiry_secs":2592001})",
       ".expiry_secs"},
  };
  for (const auto& [json, field] : cases) {
    const auto parsed = ApprovalRule::parse(json);
    ASSERT_FALSE(parsed.ok()) << json;
    ASSERT_EQ(parsed.problem().fields.size(), 1U);
    EXPECT_EQ(parsed.problem().fields[0].field, "consensus_trigger" + std::string(field));
  }
}

TEST(Decide, AskingStandsBetweenDenyAndAllow) {
  constexpr auto kAllow = Effect::kAllow;
  constexpr auto kDeny = Effect::kDeny;
  const struct {
    std::vector<Policy> policies;
    bool allowed;
    bool asks;
    int by;
  } cases[] = {
      {{policy(1, kAllow, 0, rule())}, false, true, 1},
      // On a tie the stricter one decides.
      {{policy(1, kAllow, 0), policy(2, kAllow, 0, rule())}, false, true, 2},
      {{policy(1, kDeny, 0), policy(2, kAllow, 0, rule())}, false, false, 1},
      // Of two that ask, the one of the lowest id.
      {{policy(1, kAllow, 0, rule()), policy(2, kAllow, 0, rule())}, false, true, 1},
      // Else the higher priority.
      {{policy(1, kAllow, 1), policy(2, kAllow, 0, rule())}, true, false, 1},
      {{policy(1, kAllow, 0), policy(2, kAllow, 1, rule())}, false, true, 2},
      {{policy(1, kDeny, 0), policy(2, kAllow, 1, rule())}, false, true, 2},
      {{policy(1, kDeny, 1), policy(2, kAllow, 0, rule())}, false, false, 1},
      // A rule for writes is no rule for a read.
      {{policy(1, kAllow, 0, rule(kWrites))}, true, false, 1},
      {{policy(1, kAllow, 0, rule(kWrites)), policy(2, kAllow, 0, rule())}, false, true, 2},
  };
  for (const auto& [rows, allowed, asks, by] : cases) {
    std::vector<Policy> policies = rows;
    do {  // whatever order the store gives them in
      const Decision decision = decide(policies, request());
      EXPECT_EQ(decision.allowed, allowed);
      EXPECT_EQ(decision.needs_approval, asks);
      EXPECT_EQ(decision.policy_id->bytes[15], by);
    } while (std::ranges::next_permutation(policies, {}, &Policy::id).found);
  }
}

TEST(Decide, AsksForTheNamedAccessesAlone) {
  const Policy one = policy(1, Effect::kAllow, 0, rule(kWrites));
  EXPECT_TRUE(decide({&one, 1}, request(Access::kRead)).allowed);
  EXPECT_TRUE(decide({&one, 1}, request(Access::kPut)).needs_approval);
  EXPECT_FALSE(decide({&one, 1}, request(Access::kPut)).allowed);
  EXPECT_TRUE(decide({&one, 1}, request(Access::kDelete)).needs_approval);
}

TEST(Decide, AnExpiredPolicyAsksForNothing) {
  Policy one = policy(1, Effect::kAllow, 0, rule());
  one.expires_at = TimePoint{};
  const Decision decision = decide({&one, 1}, request());
  EXPECT_FALSE(decision.allowed);
  EXPECT_FALSE(decision.needs_approval);
}

}  // namespace
}  // namespace oneclaw::domain

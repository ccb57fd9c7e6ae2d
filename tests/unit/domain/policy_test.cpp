#include "domain/policy.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace oneclaw::domain {
namespace {

constexpr auto kAllow = Effect::kAllow;
constexpr auto kDeny = Effect::kDeny;

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value();
}

const Uuid kAgentId = *Uuid::parse("0190a5b0-0000-7000-8000-0000000000bb");

Policy policy(Effect effect, std::int64_t priority, std::string_view pattern = "**",
              PermissionSet permissions = kRead) {
  Policy made;
  made.id = Uuid::v4();
  made.principal_type = PrincipalType::kAgent;
  made.principal_id = kAgentId;
  made.pattern = GlobPath::compile(pattern).value();
  made.permissions = permissions;
  made.effect = effect;
  made.priority = priority;
  return made;
}

AccessRequest request(std::string_view path = "prod/db", Access access = Access::kRead) {
  AccessRequest made;
  made.principal_type = PrincipalType::kAgent;
  made.principal_id = kAgentId;
  made.path = path;
  made.access = access;
  made.client = IpAddress::parse("192.0.2.1").value();
  made.at = at("2026-02-18T12:00:00Z");
  return made;
}

bool allowed(const Policy& one, const AccessRequest& wanted) {
  return decide({&one, 1}, wanted).allowed;
}

TEST(Decide, NoPolicyDenies) {
  const Decision decision = decide({}, request());
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.policy_id, std::nullopt);
}

struct Rule {
  Effect effect;
  std::int64_t priority;
};

TEST(Decide, Precedence) {
  const struct {
    std::vector<Rule> rules;
    bool allowed;
    std::size_t by;  ///< index of the rule that decides
  } cases[] = {
      {{{kAllow, 0}}, true, 0},
      {{{kDeny, 0}}, false, 0},
      // A tie: deny.
      {{{kAllow, 0}, {kDeny, 0}}, false, 1},
      {{{kAllow, 7}, {kDeny, 7}, {kAllow, 7}}, false, 1},
      {{{kAllow, -3}, {kDeny, -3}}, false, 1},
      // Else the higher priority.
      {{{kAllow, 10}, {kDeny, 5}}, true, 0},
      {{{kAllow, 5}, {kDeny, 10}}, false, 1},
      {{{kAllow, 0}, {kDeny, -1}}, true, 0},
      {{{kAllow, -1}, {kDeny, 0}}, false, 1},
      {{{kDeny, 1}, {kAllow, 2}, {kDeny, 1}}, true, 1},
      {{{kAllow, 1}, {kDeny, 1}, {kAllow, 2}}, true, 2},
      {{{kAllow, 1}, {kAllow, 2}, {kDeny, 2}}, false, 2},
      {{{kAllow, INT64_MAX}, {kDeny, INT64_MIN}}, true, 0},
      {{{kAllow, INT64_MIN}, {kDeny, INT64_MAX}}, false, 1},
  };
  for (const auto& [rules, expected, by] : cases) {
    std::vector<Policy> policies;
    for (const Rule& rule : rules) policies.push_back(policy(rule.effect, rule.priority));
    const Uuid deciding = policies[by].id;
    std::ranges::sort(policies, {}, &Policy::id);
    do {  // whatever order the store gives them in
      const Decision decision = decide(policies, request());
      EXPECT_EQ(decision.allowed, expected);
      EXPECT_EQ(decision.policy_id, deciding);
    } while (std::ranges::next_permutation(policies, {}, &Policy::id).found);
  }
}

TEST(Decide, PoliciesThatDoNotApplyDoNotCount) {
  std::vector<Policy> policies;
  policies.push_back(policy(kAllow, 0));
  policies.push_back(policy(kDeny, 100, "other/**"));
  policies.push_back(policy(kDeny, 100, "**", kWrite));
  policies.push_back(policy(kDeny, 100));
  policies.back().expires_at = at("2026-02-18T11:00:00Z");
  policies.push_back(policy(kDeny, 100));
  policies.back().principal_id = Uuid::v4();
  policies.push_back(policy(kDeny, 100));
  policies.back().principal_type = PrincipalType::kUser;
  policies.push_back(policy(kDeny, 100));
  policies.back().conditions = Conditions::parse(R"({"ip_allowlist":["10.0.0.0/8"]})").value();
  const Decision decision = decide(policies, request());
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.policy_id, policies[0].id);
}

TEST(Decide, ThePrincipalMustMatchInTypeAndId) {
  Policy mine = policy(kAllow, 0);
  EXPECT_TRUE(allowed(mine, request()));
  mine.principal_type = PrincipalType::kUser;
  EXPECT_FALSE(allowed(mine, request()));
  mine.principal_type = PrincipalType::kAgent;
  mine.principal_id = Uuid::v4();
  EXPECT_FALSE(allowed(mine, request()));
}

TEST(Decide, ThePathMustMatch) {
  const Policy mine = policy(kAllow, 0, "prod/*");
  EXPECT_TRUE(allowed(mine, request("prod/db")));
  EXPECT_FALSE(allowed(mine, request("prod/db/password")));
  EXPECT_FALSE(allowed(mine, request("test/db")));
}

TEST(Decide, PermissionsAndAccess) {
  const struct {
    PermissionSet permissions;
    bool read;
    bool put;
    bool erase;
  } cases[] = {
      {kRead, true, false, false},
      {kWrite, false, true, true},
      {kDelete, false, false, true},
      {kRead | kWrite, true, true, true},
      {kRead | kDelete, true, false, true},
      {kWrite | kDelete, false, true, true},
      {kRead | kWrite | kDelete, true, true, true},
      {0, false, false, false},
  };
  for (const auto& [permissions, read, put, erase] : cases) {
    const Policy mine = policy(kAllow, 0, "**", permissions);
    EXPECT_EQ(allowed(mine, request("a", Access::kRead)), read) << int{permissions};
    EXPECT_EQ(allowed(mine, request("a", Access::kPut)), put) << int{permissions};
    EXPECT_EQ(allowed(mine, request("a", Access::kDelete)), erase) << int{permissions};
  }
}

TEST(Decide, ADenialCoversWhatItsPermissionsCover) {
  const std::vector<Policy> no_delete{policy(kAllow, 0, "**", kRead | kWrite | kDelete),
                                      policy(kDeny, 0, "**", kDelete)};
  EXPECT_FALSE(decide(no_delete, request("a", Access::kDelete)).allowed);
  EXPECT_TRUE(decide(no_delete, request("a", Access::kPut)).allowed);
  EXPECT_TRUE(decide(no_delete, request("a", Access::kRead)).allowed);
  const std::vector<Policy> no_write{policy(kAllow, 0, "**", kRead | kWrite | kDelete),
                                     policy(kDeny, 0, "**", kWrite)};
  EXPECT_FALSE(decide(no_write, request("a", Access::kDelete)).allowed);
  EXPECT_FALSE(decide(no_write, request("a", Access::kPut)).allowed);
  EXPECT_TRUE(decide(no_write, request("a", Access::kRead)).allowed);
}

TEST(Decide, ExpiryIsExclusive) {
  Policy mine = policy(kAllow, 0);
  mine.expires_at = at("2026-02-18T12:00:00.000001Z");
  EXPECT_TRUE(allowed(mine, request()));
  mine.expires_at = at("2026-02-18T12:00:00Z");
  EXPECT_FALSE(allowed(mine, request()));
  mine.expires_at = at("2026-02-18T11:59:59.999999Z");
  EXPECT_FALSE(allowed(mine, request()));
}

TEST(Decide, AnExpiredDenialLetsTheAllowThrough) {
  std::vector<Policy> policies{policy(kAllow, 0), policy(kDeny, 0)};
  policies[1].expires_at = at("2026-02-18T12:00:00.000001Z");
  EXPECT_FALSE(decide(policies, request()).allowed);
  policies[1].expires_at = at("2026-02-18T12:00:00Z");
  EXPECT_TRUE(decide(policies, request()).allowed);
}

TEST(Decide, ConditionsMustHold) {
  Policy mine = policy(kAllow, 0);
  mine.conditions = Conditions::parse(R"({"ip_allowlist":["192.0.2.0/24"]})").value();
  EXPECT_TRUE(allowed(mine, request()));
  mine.conditions = Conditions::parse(R"({"ip_allowlist":["198.51.100.0/24"]})").value();
  EXPECT_FALSE(allowed(mine, request()));
  mine.conditions =
      Conditions::parse(R"({"time_window":{"after":"13:00","before":"14:00"}})").value();
  EXPECT_FALSE(allowed(mine, request()));
}

TEST(Permissions, NamesComeBack) {
  for (unsigned set = 1; set < 8; ++set) {
    const auto permissions = static_cast<PermissionSet>(set);
    EXPECT_EQ(*parse_permissions(permission_names(permissions)), permissions);
  }
  EXPECT_EQ(*parse_permissions({"delete", "read"}), kRead | kDelete);
  EXPECT_EQ(permission_names(kRead | kWrite | kDelete),
            (std::vector<std::string>{"read", "write", "delete"}));
}

TEST(Permissions, Refused) {
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {}, {"admin"}, {"Read"}, {""}, {"*"}, {"read", "read"}, {"read", "write", "purge"}}) {
    const auto parsed = parse_permissions(bad);
    ASSERT_FALSE(parsed.ok()) << testing::PrintToString(bad);
    EXPECT_EQ(parsed.problem().status, 400);
    EXPECT_EQ(parsed.problem().fields.at(0).field, "permissions");
  }
}

TEST(Effects, NamesComeBack) {
  EXPECT_EQ(*parse_effect("allow"), kAllow);
  EXPECT_EQ(*parse_effect("deny"), kDeny);
  EXPECT_EQ(to_string(kAllow), "allow");
  EXPECT_EQ(to_string(kDeny), "deny");
  for (const std::string_view bad : {"", "Allow", "deny ", "audit"}) {
    ASSERT_FALSE(parse_effect(bad).ok());
    EXPECT_EQ(parse_effect(bad).problem().fields.at(0).field, "effect");
  }
}

}  // namespace
}  // namespace oneclaw::domain

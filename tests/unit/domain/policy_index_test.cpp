#include "domain/policy_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace oneclaw::domain {
namespace {

Uuid uuid(std::uint8_t last) {
  Uuid id;
  id.bytes[15] = last;
  return id;
}

Policy policy(std::uint16_t number, std::string_view pattern) {
  Policy policy;
  policy.id.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
  policy.id.bytes[15] = static_cast<std::uint8_t>(number);
  policy.principal_type = PrincipalType::kAgent;
  policy.principal_id = uuid(1);
  policy.pattern = GlobPath::compile(pattern).value();
  policy.permissions = kRead;
  return policy;
}

AccessRequest request(std::string_view path) {
  return {.principal_type = PrincipalType::kAgent,
          .principal_id = uuid(1),
          .path = path,
          .access = Access::kRead,
          .client = {},
          .at = from_micros(1000)};
}

/// Picks from few parts, so that patterns, prefixes and paths meet often.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string path() {
    static constexpr std::array kSegments{"a", "ab", "abc", "b", "prod", "prod-1", "pr", "x"};
    return joined(kSegments, 4);
  }
  std::string pattern() {
    static constexpr std::array kSegments{"a",    "ab", "a*",  "*",  "**", "prod",
                                          "pro*", "*d", "b*c", "pr", "x",  "prod-1"};
    return joined(kSegments, 4);
  }

 private:
  template <std::size_t N>
  std::string joined(const std::array<const char*, N>& segments, std::size_t most) {
    std::string text;
    for (std::size_t left = 1 + below(most); left > 0; --left) {
      text += (text.empty() ? "" : "/") + std::string(segments[below(N)]);
    }
    return text;
  }

  std::mt19937 engine_;
};

Policy random_policy(Random& random, std::uint16_t number) {
  Policy made = policy(number, random.pattern());
  if (random.one_in(8)) made.principal_id = uuid(2);
  if (random.one_in(8)) made.principal_type = PrincipalType::kUser;
  made.permissions = static_cast<PermissionSet>(1 + random.below(7));
  made.effect = random.one_in(3) ? Effect::kDeny : Effect::kAllow;
  made.priority = static_cast<std::int64_t>(random.below(4)) - 1;
  if (random.one_in(4)) {
    made.expires_at = from_micros(900 + static_cast<std::int64_t>(random.below(200)));
  }
  if (random.one_in(6)) {
    made.conditions = Conditions::parse(R"({"ip_allowlist": ["10.0.0.0/8"]})").value();
  }
  if (made.effect == Effect::kAllow && random.one_in(4)) {
    made.approval =
        ApprovalRule::parse(
            random.one_in(2)
                ? R"({"conditions": [{"type": "always"}], "approval": {"min_approvals": 1}})"
                : R"({"conditions": [{"type": "action_in", "actions": ["write"]}],
              "approval": {"min_approvals": 1}})")
            .value();
  }
  return made;
}

// The property that the engine stands on: the index gives what the plain decide() gives, and the
// same policy as the one that decided.
TEST(PolicyIndex, DecidesAsThePlainEngineDoes) {
  std::size_t allowed = 0;
  std::size_t denied_by_policy = 0;
  std::size_t asked_for = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    Random random(seed);
    std::vector<Policy> policies;
    const std::size_t count = random.below(60);
    for (std::size_t i = 0; i < count; ++i) {
      policies.push_back(random_policy(random, static_cast<std::uint16_t>(i + 1)));
    }
    const PolicyIndex index(policies);
    for (int i = 0; i < 100; ++i) {
      const std::string path = random.path();
      AccessRequest asked = request(path);
      asked.access = std::array{Access::kRead, Access::kPut, Access::kDelete}[random.below(3)];
      asked.at = from_micros(900 + static_cast<std::int64_t>(random.below(200)));
      if (random.one_in(2)) asked.client = *IpAddress::parse("10.1.2.3");
      const Decision plain = decide(policies, asked);
      const Decision indexed = index.decide(asked);
      ASSERT_EQ(indexed.allowed, plain.allowed) << "seed " << seed << " path " << path;
      ASSERT_EQ(indexed.policy_id, plain.policy_id) << "seed " << seed << " path " << path;
      ASSERT_EQ(indexed.needs_approval, plain.needs_approval) << "seed " << seed;
      if (plain.needs_approval) ++asked_for;
      if (plain.allowed) ++allowed;
      if (!plain.allowed && plain.policy_id) ++denied_by_policy;

      if (!plain.allowed && !plain.needs_approval) continue;
      const auto prefixes = index.allowed_prefixes(asked.access);
      EXPECT_TRUE(std::ranges::any_of(
          prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); }));
    }
  }
  EXPECT_GT(allowed, 1000U);
  EXPECT_GT(denied_by_policy, 1000U);
  EXPECT_GT(asked_for, 500U);
}

TEST(PolicyIndex, NoneDenies) {
  const PolicyIndex index;
  EXPECT_FALSE(index.decide(request("a")).allowed);
  EXPECT_EQ(index.decide(request("a")).policy_id, std::nullopt);
  EXPECT_TRUE(index.allowed_prefixes(Access::kRead).empty());
  EXPECT_FALSE(index.any_alive(from_micros(0)));
}

TEST(PolicyIndex, FindsPrefixesThatOthersStandBetween) {
  // "a/" is a prefix of the path, but not the last one that is not after it.
  const PolicyIndex index({policy(1, "a/**"), policy(2, "a/b/c/d"), policy(3, "a/b/c*")});
  EXPECT_EQ(index.decide(request("a/b/z")).policy_id, policy(1, "x").id);
  EXPECT_EQ(index.decide(request("a/b/cc")).policy_id, policy(1, "x").id);
  EXPECT_EQ(index.decide(request("a")).policy_id, std::nullopt);
}

TEST(PolicyIndex, TheAllowedPrefixesCoverEachOther) {
  Policy deny = policy(5, "z/**");
  deny.effect = Effect::kDeny;
  Policy writer = policy(6, "w/**");
  writer.permissions = kWrite;
  const PolicyIndex index(
      {policy(1, "b/c/**"), policy(2, "b/*"), policy(3, "a/x"), policy(4, "a/xy"), deny, writer});
  EXPECT_EQ(index.allowed_prefixes(Access::kRead), (std::vector<std::string_view>{"a/x", "b/"}));
  EXPECT_EQ(index.allowed_prefixes(Access::kPut), (std::vector<std::string_view>{"w/"}));
}

TEST(PolicyIndex, KnowsWhetherOneIsAlive) {
  Policy old = policy(1, "a");
  old.expires_at = from_micros(10);
  const PolicyIndex index({old});
  EXPECT_TRUE(index.any_alive(from_micros(9)));
  EXPECT_FALSE(index.any_alive(from_micros(10)));
}

}  // namespace
}  // namespace oneclaw::domain

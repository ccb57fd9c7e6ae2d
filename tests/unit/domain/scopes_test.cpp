#include "domain/scopes.h"

#include <gtest/gtest.h>

namespace oneclaw::domain {
namespace {

using Scopes = std::vector<std::string>;

TEST(Scopes, WellFormed) {
  EXPECT_TRUE(validate_scopes({}).ok());
  EXPECT_TRUE(validate_scopes({"*", "*:*", "*:read", "secrets:read", "vaults:write", "audit:*",
                               "api_keys:delete", "secrets:read"})
                  .ok());
  EXPECT_TRUE(validate_scopes({std::string(32, 'a') + ":read"}).ok());
}

TEST(Scopes, MalformedOnesAreNamed) {
  for (const std::string bad :
       {"", ":", "secrets", "secrets:", ":read", "secrets:admin", "secrets:READ", "Secrets:read",
        "secrets:read:x", "secrets :read", " secrets:read", "secrets:read ", "secret-s:read",
        "secret1:read", "**", "*secrets:read", "secrets:**", "secrets:read,write"}) {
    const auto checked = validate_scopes({"*", bad});
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.problem().status, 400);
    EXPECT_EQ(checked.problem().fields.at(0).field, "scopes[1]");
  }
  EXPECT_FALSE(validate_scopes({std::string(33, 'a') + ":read"}).ok());
  EXPECT_EQ(validate_scopes({"x"}, "agent.scopes").problem().fields.at(0).field, "agent.scopes[0]");
}

TEST(Scopes, AtMost64) {
  EXPECT_TRUE(validate_scopes(Scopes(64, "secrets:read")).ok());
  const auto checked = validate_scopes(Scopes(65, "secrets:read"));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.problem().fields.at(0).field, "scopes");
}

TEST(Scopes, Cover) {
  const struct {
    Scopes granted;
    std::string_view needed;
    bool covers;
  } cases[] = {
      {{}, "secrets:read", true},
      {{"*"}, "policies:delete", true},
      {{"*:*"}, "policies:delete", true},
      {{"*:read"}, "audit:read", true},
      {{"*:read"}, "secrets:write", false},
      {{"secrets:read"}, "secrets:read", true},
      {{"secrets:read"}, "secrets:write", false},
      {{"secrets:read"}, "secrets:delete", false},
      {{"secrets:read"}, "vaults:read", false},
      {{"secrets:write"}, "secrets:write", true},
      {{"secrets:write"}, "secrets:delete", true},
      {{"secrets:write"}, "secrets:read", false},
      {{"secrets:delete"}, "secrets:delete", true},
      {{"secrets:delete"}, "secrets:write", false},
      {{"secrets:*"}, "secrets:write", true},
      {{"secrets:*"}, "agents:write", false},
      // Singular and plural are one resource.
      {{"secret:read"}, "secrets:read", true},
      {{"policy:write"}, "policies:write", true},
      {{"policies:write"}, "policy:write", true},
      // vaults cover secrets, not the other way round, and nothing else.
      {{"vaults:read"}, "secrets:read", true},
      {{"vault:*"}, "secrets:delete", true},
      {{"vaults:read"}, "secrets:write", false},
      {{"vaults:*"}, "agents:read", false},
      // Any one of many suffices; they are not added up.
      {{"audit:read", "secrets:write"}, "secrets:write", true},
      {{"audit:read", "agents:write"}, "audit:write", false},
  };
  for (const auto& [granted, needed, covers] : cases) {
    EXPECT_EQ(scopes_cover(granted, needed), covers)
        << testing::PrintToString(granted) << " for " << needed;
  }
}

}  // namespace
}  // namespace oneclaw::domain

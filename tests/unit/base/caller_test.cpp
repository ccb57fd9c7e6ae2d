#include "base/caller.h"

#include <gtest/gtest.h>

namespace oneclaw {
namespace {

Principal principal(PrincipalType type, Role role) {
  Principal it;
  it.type = type;
  it.role = role;
  it.id = *Uuid::parse("0190a5b0-0000-7000-8000-0000000000aa");
  return it;
}

TEST(Principal, SubjectNamesTypeAndId) {
  EXPECT_EQ(principal(PrincipalType::kUser, Role::kMember).subject(),
            "user:0190a5b0-0000-7000-8000-0000000000aa");
  EXPECT_EQ(principal(PrincipalType::kAgent, Role::kAgent).subject(),
            "agent:0190a5b0-0000-7000-8000-0000000000aa");
}

TEST(Principal, OnlyAUserIsAnAdmin) {
  EXPECT_TRUE(principal(PrincipalType::kUser, Role::kOwner).is_org_admin());
  EXPECT_TRUE(principal(PrincipalType::kUser, Role::kAdmin).is_org_admin());
  EXPECT_FALSE(principal(PrincipalType::kUser, Role::kMember).is_org_admin());
  EXPECT_FALSE(principal(PrincipalType::kAgent, Role::kAgent).is_org_admin());
  EXPECT_FALSE(principal(PrincipalType::kAgent, Role::kOwner).is_org_admin());
  EXPECT_FALSE(principal(PrincipalType::kNone, Role::kOwner).is_org_admin());
  EXPECT_FALSE(Principal{}.is_org_admin());
}

TEST(Principal, Names) {
  EXPECT_EQ(to_string(PrincipalType::kNone), "none");
  EXPECT_EQ(to_string(Role::kOwner), "owner");
  EXPECT_EQ(to_string(Role::kAdmin), "admin");
  EXPECT_EQ(to_string(Role::kMember), "member");
  EXPECT_EQ(to_string(Role::kAgent), "agent");
}

}  // namespace
}  // namespace oneclaw

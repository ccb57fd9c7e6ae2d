#include "service/approval_links.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace oneclaw::service {
namespace {

TEST(ApprovalLinks, OpensWhatItSignedAlone) {
  const Key256 key = Key256::random();
  const ApprovalLinks links(key);
  const ApprovalLink link{.approval_id = Uuid::v4(), .org_id = Uuid::v4(), .user_id = Uuid::v4()};
  const SecureString token = links.sign(link);
  const auto opened = links.open(token.view());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->approval_id, link.approval_id);
  EXPECT_EQ(opened->org_id, link.org_id);
  EXPECT_EQ(opened->user_id, link.user_id);

  const Key256 other = Key256::random();
  EXPECT_FALSE(ApprovalLinks(other).open(token.view()));
  const Bytes raw = *from_base64url(token.view());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    Bytes changed = raw;
    changed[i] ^= 1U;
    EXPECT_FALSE(links.open(to_base64url(changed))) << i;
  }
  EXPECT_FALSE(links.open(""));
  EXPECT_FALSE(links.open(token.view().substr(1)));
  EXPECT_FALSE(links.open(std::string(token.view()) + "A"));
}

}  // namespace
}  // namespace oneclaw::service

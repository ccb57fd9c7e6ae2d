// What works once: tokens, codes, steps, decisions, collections.
#include "fixture.h"
#include "store/approval_repository.h"
#include "store/device_code_repository.h"
#include "store/enrolment_repository.h"
#include "store/mfa_repository.h"
#include "store/one_time_token_repository.h"

namespace oneclaw::store {
namespace {

const Bytes kMac(32, 7);
const Bytes kOtherMac(32, 8);

class OnceTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add_org_and_user();
  }
};

TEST_F(OnceTest, ATokenIsFoundByItsPurposeAndRemovedOnce) {
  change([](Transaction& transaction) {
    OneTimeTokenRepository tokens(transaction);
    tokens.insert({.token_mac = kMac,
                   .id = uuid(9),
                   .purpose = "mfa",
                   .user_id = uuid(1),
                   .email = "one@example.com",
                   .created_at = from_micros(5),
                   .expires_at = from_micros(10)});
    EXPECT_TRUE(tokens.find("mfa", kMac).has_value());
    EXPECT_FALSE(tokens.find("password_reset", kMac).has_value());
    EXPECT_FALSE(tokens.find("mfa", kOtherMac).has_value());
    tokens.count_failure(uuid(9));
    tokens.count_failure(uuid(9));
    const auto row = tokens.find_newest("mfa", uuid(1));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->failures, 2);
    EXPECT_EQ(row->email, "one@example.com");
    EXPECT_EQ(row->expires_at, from_micros(10));
    EXPECT_TRUE(tokens.remove(uuid(9)));
    EXPECT_FALSE(tokens.remove(uuid(9)));
  });
}

TEST_F(OnceTest, ExpiredTokensArePurged) {
  change([](Transaction& transaction) {
    OneTimeTokenRepository tokens(transaction);
    for (std::uint8_t i = 1; i <= 3; ++i) {
      tokens.insert({.token_mac = Bytes(32, i),
                     .id = uuid(i),
                     .purpose = "mfa",
                     .user_id = uuid(1),
                     .created_at = from_micros(1),
                     .expires_at = from_micros(i)});
    }
    tokens.purge_expired(from_micros(3), 1);
    EXPECT_FALSE(tokens.find("mfa", Bytes(32, 1)).has_value());
    EXPECT_TRUE(tokens.find("mfa", Bytes(32, 2)).has_value());
    tokens.purge_expired(from_micros(3), 10);
    EXPECT_FALSE(tokens.find("mfa", Bytes(32, 2)).has_value());
    EXPECT_TRUE(tokens.find("mfa", Bytes(32, 3)).has_value());
  });
}

TEST_F(OnceTest, AStepIsUsedOnceAndNoneBeforeItAfterThat) {
  change([](Transaction& transaction) {
    MfaRepository mfa(transaction);
    mfa.put_totp({.user_id = uuid(1), .sealed = kMac, .created_at = from_micros(1)});
    EXPECT_FALSE(mfa.totp(uuid(1))->is_confirmed);
    EXPECT_TRUE(mfa.use_step(uuid(1), 10));
    EXPECT_FALSE(mfa.use_step(uuid(1), 10));
    EXPECT_FALSE(mfa.use_step(uuid(1), 9));
    EXPECT_TRUE(mfa.use_step(uuid(1), 11));
    mfa.confirm_totp(uuid(1));
    EXPECT_TRUE(mfa.totp(uuid(1))->is_confirmed);
    EXPECT_EQ(mfa.totp(uuid(1))->last_step, 11);
  });
}

TEST_F(OnceTest, ARecoveryCodeIsUsedOnce) {
  change([](Transaction& transaction) {
    MfaRepository mfa(transaction);
    mfa.insert_recovery_code(uuid(1), kMac);
    mfa.insert_recovery_code(uuid(1), kOtherMac);
    EXPECT_FALSE(mfa.use_recovery_code(uuid(2), kMac, from_micros(2)));
    EXPECT_TRUE(mfa.use_recovery_code(uuid(1), kMac, from_micros(2)));
    EXPECT_FALSE(mfa.use_recovery_code(uuid(1), kMac, from_micros(3)));
    EXPECT_EQ(mfa.recovery_codes_left(uuid(1)), 1);
    mfa.remove(uuid(1));
    EXPECT_EQ(mfa.recovery_codes_left(uuid(1)), 0);
  });
}

TEST_F(OnceTest, ADeviceIsDecidedOnceAndItsCodeIsUnique) {
  const DeviceCodeRow row{.device_mac = kMac,
                          .user_code = "BCDFGHJK",
                          .client_id = "cli",
                          .email = "one@example.com",
                          .created_at = from_micros(1),
                          .expires_at = from_micros(9)};
  change([&](Transaction& transaction) {
    DeviceCodeRepository codes(transaction);
    codes.insert(row);
    EXPECT_TRUE(codes.decide("BCDFGHJK", "approved", uuid(1)));
    EXPECT_FALSE(codes.decide("BCDFGHJK", "denied", uuid(1)));
    EXPECT_EQ(codes.find(kMac)->status, "approved");
    EXPECT_EQ(codes.find(kMac)->user_id, uuid(1));
    EXPECT_TRUE(codes.remove(kMac));
    EXPECT_FALSE(codes.remove(kMac));
    codes.insert(row);
  });
  const auto taken = write([&](Transaction& transaction) -> Result<void> {
    DeviceCodeRow other = row;
    other.device_mac = kOtherMac;
    DeviceCodeRepository(transaction).insert(other);
    return {};
  });
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.problem().status, 409);
}

TEST_F(OnceTest, AnEnrolmentIsDecidedAndCollectedOnce) {
  change([](Transaction& transaction) {
    EnrolmentRepository enrolments(transaction);
    EnrolmentRow row{.id = uuid(5),
                     .poll_mac = kMac,
                     .link_mac = kOtherMac,
                     .name = "a bot",
                     .human_email = "one@example.com",
                     .created_at = from_micros(1),
                     .expires_at = from_micros(9)};
    enrolments.insert(row);
    EXPECT_EQ(enrolments.list_open("one@example.com", from_micros(2), 10).size(), 1U);
    EXPECT_TRUE(enrolments.list_open("one@example.com", from_micros(9), 10).empty());
    EXPECT_FALSE(enrolments.collect(uuid(5)));  // nobody has let it in
    row.status = "approved";
    row.org_id = uuid(1);
    row.decided_by = uuid(1);
    row.decided_at = from_micros(3);
    EXPECT_TRUE(enrolments.decide(row));
    EXPECT_FALSE(enrolments.decide(row));
    EXPECT_TRUE(enrolments.collect(uuid(5)));
    EXPECT_FALSE(enrolments.collect(uuid(5)));
    EXPECT_EQ(enrolments.find_by_link(kOtherMac)->status, "collected");
    EXPECT_FALSE(enrolments.find_by_link(kMac).has_value());
  });
}

TEST_F(OnceTest, AnApprovalIsDecidedOnceInItsTime) {
  change([](Transaction& transaction) {
    ApprovalRepository approvals(transaction);
    ApprovalRow row{.id = uuid(6),
                    .org_id = uuid(1),
                    .requester_type = "agent",
                    .requester_id = uuid(7),
                    .addressed_to = uuid(1),
                    .action = "secret.read",
                    .target_type = "secret",
                    .target_id = "v/a",
                    .vault_id = uuid(8),
                    .path = "a",
                    .policy_id = uuid(9),
                    .roles = {"owner"},
                    .created_at = from_micros(1),
                    .expires_at = from_micros(100)};
    approvals.insert(row);
    EXPECT_EQ(approvals.count_open(uuid(7), from_micros(99)), 1);
    EXPECT_EQ(approvals.count_open(uuid(7), from_micros(100)), 0);
    EXPECT_TRUE(approvals.find_open(uuid(7), "secret.read", "v/a", from_micros(99)).has_value());
    EXPECT_FALSE(approvals.find_open(uuid(7), "secret.write", "v/a", from_micros(99)).has_value());
    EXPECT_FALSE(approvals.find(uuid(2), uuid(6)).has_value());
    EXPECT_TRUE(approvals.grants(uuid(8), uuid(7), from_micros(2)).empty());

    row.status = "approved";
    row.decided_by = uuid(1);
    row.decided_at = from_micros(50);
    row.grant_expires_at = from_micros(60);
    EXPECT_FALSE(approvals.decide(row, from_micros(100)));  // too late
    EXPECT_TRUE(approvals.decide(row, from_micros(50)));
    EXPECT_FALSE(approvals.decide(row, from_micros(51)));
    ASSERT_EQ(approvals.grants(uuid(8), uuid(7), from_micros(59)).size(), 1U);
    EXPECT_EQ(approvals.grants(uuid(8), uuid(7), from_micros(59))[0].path, "a");
    EXPECT_TRUE(approvals.grants(uuid(8), uuid(7), from_micros(60)).empty());
    EXPECT_TRUE(approvals.grants(uuid(8), uuid(1), from_micros(59)).empty());
    EXPECT_TRUE(approvals.grants(uuid(3), uuid(7), from_micros(59)).empty());
  });
}

TEST_F(OnceTest, ApprovalsAreListedByWhatTheyAreNow) {
  change([](Transaction& transaction) {
    ApprovalRepository approvals(transaction);
    for (std::uint8_t i = 1; i <= 3; ++i) {
      approvals.insert({.id = uuid(i),
                        .org_id = uuid(1),
                        .requester_type = "agent",
                        .requester_id = uuid(i),
                        .addressed_to = uuid(1),
                        .action = "deploy",
                        .target_type = "service",
                        .target_id = "web",
                        .created_at = from_micros(1),
                        .expires_at = from_micros(i * 10)});
    }
    const auto count = [&](ApprovalFilter filter) {
      return approvals.list(uuid(1), filter, from_micros(20), 10, 0).size();
    };
    EXPECT_EQ(count({}), 3U);
    EXPECT_EQ(count({.status = "pending"}), 1U);
    EXPECT_EQ(count({.status = "expired"}), 2U);
    EXPECT_EQ(count({.status = "approved"}), 0U);
    EXPECT_EQ(count({.requester_id = uuid(2)}), 1U);
    EXPECT_EQ(count({.addressed_to = uuid(2)}), 0U);
    EXPECT_EQ(approvals.list(uuid(1), {}, from_micros(20), 1, 1).size(), 1U);
    EXPECT_TRUE(approvals.list(uuid(2), {}, from_micros(20), 10, 0).empty());
  });
}

}  // namespace
}  // namespace oneclaw::store

#include "service/webhook_sender.h"

#include <gtest/gtest.h>

#include "service/event_types.h"

namespace oneclaw::service {
namespace {

// Made with Python's hmac module: the key is the 32 bytes 0 to 31.
TEST(WebhookSender, SignsAsTheSpecificationSays) {
  const auto signature = sign_webhook("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "msg_1",
                                      from_unix_seconds(1674087231), R"({"event_type":"ping"})");
  ASSERT_TRUE(signature.ok());
  EXPECT_EQ(*signature, "v1,MS9lmLNRYZpZS64d0TZNJVc+M1RjGJVH5vAQLWyBJ1M=");
}

TEST(WebhookSender, RefusesWhatIsNoSecret) {
  for (const std::string_view secret :
       {"", "whsec_", "whsec_AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_!AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}) {
    EXPECT_FALSE(sign_webhook(secret, "a", now(), "b").ok()) << secret;
  }
  EXPECT_TRUE(sign_webhook(new_webhook_secret().view(), "a", now(), "b").ok());
  EXPECT_NE(new_webhook_secret().view(), new_webhook_secret().view());
}

TEST(WebhookSender, ChecksUrls) {
  for (const std::string_view good : {"https://a.example", "http://a.example:8080/x?y=1",
                                      "https://8.8.8.8/", "https://[2606:4700::1111]/x"}) {
    EXPECT_TRUE(validate_webhook_url(good, false).ok()) << good;
  }
  for (const std::string_view bad : {"", "a", "ftp://a.example", "https://", "https:///x",
                                     "https://a@b.example", "https://a.example/#f"}) {
    EXPECT_FALSE(validate_webhook_url(bad, true).ok()) << bad;
  }
  for (const std::string_view local :
       {"http://LOCALHOST/", "http://x.localhost", "http://127.0.0.1", "http://[::1]:80/"}) {
    EXPECT_FALSE(validate_webhook_url(local, false).ok()) << local;
    EXPECT_TRUE(validate_webhook_url(local, true).ok()) << local;
  }
}

TEST(EventTypes, KnowsPatterns) {
  for (const std::string_view good : {"*", "secret.*", "secret.created", "approval.requested"}) {
    EXPECT_TRUE(is_event_pattern(good)) << good;
  }
  for (const std::string_view bad :
       {"", "secret", "secret.", "sec.*", ".*", "secret.write", "**"}) {
    EXPECT_FALSE(is_event_pattern(bad)) << bad;
  }
  EXPECT_TRUE(event_matches({"vault.created", "secret.*"}, "secret.deleted"));
  EXPECT_FALSE(event_matches({"vault.created", "secret.*"}, "vault.deleted"));
  EXPECT_FALSE(event_matches({"secret.*"}, "secretary.hired"));
}

TEST(EventTypes, TellsAFirstVersionFromALaterOne) {
  AuditEntry entry{.action = "secret.write", .resource_type = {}, .resource_id = {}, .details = {}};
  entry.details["version"] = 1;
  EXPECT_EQ(event_type_of(entry), "secret.created");
  entry.details["version"] = 2;
  EXPECT_EQ(event_type_of(entry), "secret.updated");
  entry.action = "secret.read";
  EXPECT_EQ(event_type_of(entry), std::nullopt);
}

}  // namespace
}  // namespace oneclaw::service

#include "service/mailer.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace oneclaw::service {
namespace {

TEST(Mailer, WritesAMessage) {
  const Email email{
      .to = "a@b.example", .kind = "k", .subject = "S", .text = SecureString("hello")};
  const Uuid id = Uuid::parse("01234567-89ab-7def-8123-456789abcdef").value();
  const SecureString message =
      to_message(email, "oneclaw@c.example", id, from_unix_seconds(1674087231));
  EXPECT_EQ(message.view(),
            "Date: Thu, 19 Jan 2023 00:13:51 +0000\r\n"
            "From: oneclaw <oneclaw@c.example>\r\n"
            "To: a@b.example\r\n"
            "Subject: S\r\n"
            "Message-ID: <01234567-89ab-7def-8123-456789abcdef@c.example>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            "\r\n"
            "aGVsbG8=\r\n");
}

TEST(Mailer, KeepsASubjectOutOfTheHeaders) {
  const Email email{.to = "a@b.example",
                    .kind = "k",
                    .subject = "S\r\nBcc: x@y.example \xc3\xa9",
                    .text = SecureString("t")};
  const SecureString message = to_message(email, "o@c.example", Uuid::v7(), now());
  EXPECT_EQ(message.view().find("Bcc"), std::string_view::npos);
  EXPECT_NE(message.view().find("Subject: =?utf-8?B?"), std::string_view::npos);
}

TEST(Mailer, BreaksLongLines) {
  const Email email{.to = "a@b.example",
                    .kind = "k",
                    .subject = std::string(2000, 's'),
                    .text = SecureString(std::string(5000, 'x'))};
  const SecureString message = to_message(email, "o@c.example", Uuid::v7(), now());
  std::string_view rest = message.view();
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    ASSERT_NE(end, std::string_view::npos);
    EXPECT_LE(end, 100U);
    rest.remove_prefix(end + 2);
  }
}

TEST(Mailer, KnowsAddressesThatCanBeSentTo) {
  for (const std::string_view good : {"a@b", "a.b+c@d.example"}) {
    EXPECT_TRUE(is_mail_address(good)) << good;
  }
  for (const std::string_view bad :
       {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nX: y", "<a@b>", "a,b@c", "\"a\"@b"}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace oneclaw::service

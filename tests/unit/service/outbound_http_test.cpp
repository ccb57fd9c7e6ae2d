#include "service/outbound_http.h"

#include <gtest/gtest.h>

namespace oneclaw::service {
namespace {

TEST(PublicAddress, OnlyTheInternetIsPublic) {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1"}) {
    EXPECT_TRUE(is_public(*IpAddress::parse(text))) << text;
  }
  for (const char* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.0",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1",
                           "2002:7f00:1::",
                           "64:ff9b::7f00:1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::7f00:1",
                           "3fff::1",
                           "4000::1",
                           "1fff::1"}) {
    EXPECT_FALSE(is_public(*IpAddress::parse(text))) << text;
  }
}

TEST(OutboundUrl, IsReadAsItIsSent) {
  const auto url = OutboundUrl::parse("https://API.Example.com/v1/a%20b?q=/x#f");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/v1/a%20b");
  EXPECT_EQ(OutboundUrl::parse("http://[::1]:8080/")->host, "::1");
  EXPECT_EQ(OutboundUrl::parse("http://[::1]:8080/")->port, 8080);
  EXPECT_EQ(OutboundUrl::parse("http://h./x")->host, "h");
  EXPECT_EQ(OutboundUrl::parse("http://h/a/../b")->path, "/b");
  EXPECT_EQ(OutboundUrl::parse("http://2130706433/")->host, "127.0.0.1");
}

TEST(OutboundUrl, RefusesWhatIsNone) {
  for (const char* text :
       {"", "h", "/x", "ftp://h/", "file:///etc/passwd", "https://", "https:///x", "https://u@h/",
        "https://u:p@h/", "https://h\\@evil/", "https://h /", "https://h\r\nX: y/",
        "https://h:99999/", "javascript:1"}) {
    EXPECT_FALSE(OutboundUrl::parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace oneclaw::service

#include "base/ip.h"

#include <gtest/gtest.h>

namespace oneclaw {
namespace {

bool block_has(std::string_view block, std::string_view address) {
  return Cidr::parse(block).value().contains(IpAddress::parse(address).value());
}

TEST(IpAddress, V4) {
  const auto address = IpAddress::parse("192.0.2.7");
  ASSERT_TRUE(address);
  EXPECT_FALSE(address->v6);
  EXPECT_EQ(address->to_string(), "192.0.2.7");
}

TEST(IpAddress, V6) {
  const auto address = IpAddress::parse("2001:DB8:0:0:0:0:0:1");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->v6);
  EXPECT_EQ(address->to_string(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("2001:db8::1"), address);
}

TEST(IpAddress, MappedIsHeldAsV4) {
  const auto plain = IpAddress::parse("10.1.2.3");
  EXPECT_EQ(IpAddress::parse("::ffff:10.1.2.3"), plain);
  EXPECT_EQ(IpAddress::parse("::FFFF:a01:203"), plain);
  EXPECT_EQ(IpAddress::parse("0:0:0:0:0:ffff:10.1.2.3"), plain);
  EXPECT_NE(IpAddress::parse("::10.1.2.3"), plain);  // compatible, not mapped
}

TEST(IpAddress, Refused) {
  for (const std::string_view bad :
       {"", "10", "10.1", "10.1.2", "10.1.2.256", "10.1.2.3.4", "010.1.2.3", "10.1.2.-3",
        "10.1.2.3 ", " 10.1.2.3", "0x0a.1.2.3", "::1%lo", "[::1]", ":::", "1::2::3",
        "1:2:3:4:5:6:7:8:9", "g::", "10.1.2.3/8", "localhost"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.1.2.3\0x", 10)));
}

TEST(Cidr, V4Boundaries) {
  EXPECT_TRUE(block_has("10.0.0.0/8", "10.0.0.0"));
  EXPECT_TRUE(block_has("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(block_has("10.0.0.0/8", "9.255.255.255"));
  EXPECT_FALSE(block_has("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(block_has("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(block_has("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(block_has("192.0.2.4/31", "192.0.2.5"));
  EXPECT_FALSE(block_has("192.0.2.4/31", "192.0.2.6"));
  EXPECT_FALSE(block_has("192.0.2.4/31", "192.0.2.3"));
  EXPECT_TRUE(block_has("0.0.0.0/0", "255.255.255.255"));
}

TEST(Cidr, V6Boundaries) {
  EXPECT_TRUE(block_has("2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_FALSE(block_has("2001:db8::/32", "2001:db9::"));
  EXPECT_FALSE(block_has("2001:db8::/32", "2001:db7:ffff::"));
  EXPECT_TRUE(block_has("2001:db8::/33", "2001:db8:7fff::"));
  EXPECT_FALSE(block_has("2001:db8::/33", "2001:db8:8000::"));
  EXPECT_TRUE(block_has("2001:db8::2/127", "2001:db8::3"));
  EXPECT_FALSE(block_has("2001:db8::2/127", "2001:db8::1"));
  EXPECT_TRUE(block_has("::/0", "ffff::"));
}

TEST(Cidr, ABareAddressIsABlockOfOne) {
  EXPECT_EQ(Cidr::parse("192.0.2.7")->prefix, 32);
  EXPECT_TRUE(block_has("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(block_has("192.0.2.7", "192.0.2.8"));
  EXPECT_EQ(Cidr::parse("2001:db8::7")->prefix, 128);
  EXPECT_TRUE(block_has("2001:db8::7", "2001:db8::7"));
  EXPECT_FALSE(block_has("2001:db8::7", "2001:db8::8"));
}

TEST(Cidr, FamiliesDoNotMix) {
  EXPECT_FALSE(block_has("0.0.0.0/0", "::1"));
  EXPECT_FALSE(block_has("::/0", "10.1.2.3"));
  EXPECT_FALSE(block_has("::/0", "::ffff:10.1.2.3"));
  EXPECT_FALSE(block_has("a00::/8", "10.0.0.1"));  // the same first byte
}

TEST(Cidr, MappedBlocksCountTheMappedPrefix) {
  EXPECT_TRUE(block_has("10.0.0.0/8", "::ffff:10.9.9.9"));
  EXPECT_EQ(Cidr::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Cidr::parse("::ffff:10.1.2.3/128")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::parse("::ffff:10.1.2.3")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::parse("::ffff:0.0.0.0/96")->to_string(), "0.0.0.0/0");
  EXPECT_FALSE(Cidr::parse("::ffff:10.0.0.0/8"));
  EXPECT_FALSE(Cidr::parse("::ffff:0.0.0.0/95"));
  EXPECT_FALSE(Cidr::parse("::ffff:10.1.2.3/129"));
}

TEST(Cidr, TextComesBack) {
  for (const std::string_view text : {"10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0"}) {
    EXPECT_EQ(Cidr::parse(text)->to_string(), text);
  }
}

TEST(Cidr, Refused) {
  for (const std::string_view bad : {"",
                                     "/8",
                                     "10.0.0.0/",
                                     "10.0.0.0/33",
                                     "10.0.0.0/-1",
                                     "10.0.0.0/+8",
                                     "10.0.0.0/08",
                                     "10.0.0.0/8 ",
                                     "10.0.0.0/ 8",
                                     "10.0.0.0/8/8",
                                     "10.0.0.0/8x",
                                     "10.0.0.0/255.0.0.0",
                                     "10.0.0.0/4294967304",
                                     "::/129",
                                     "::/1000",
                                     "10.0.0.1/8",
                                     "10.0.0.1/31",
                                     "0.0.0.1/0",
                                     "2001:db8::1/32",
                                     "2001:db8::1/127",
                                     "*",
                                     "any"}) {
    EXPECT_FALSE(Cidr::parse(bad)) << bad;
  }
}

TEST(IpAddress, PublicIsWhatTheInternetRoutes) {
  for (const std::string_view text :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111",
        "2a00::1", "2001:200::1"}) {
    EXPECT_TRUE(is_public(IpAddress::parse(text).value())) << text;
  }
  for (const std::string_view text : {"0.0.0.0",
                                      "0.1.2.3",
                                      "10.255.255.255",
                                      "100.64.0.0",
                                      "100.127.255.255",
                                      "127.0.0.1",
                                      "127.255.0.1",
                                      "169.254.169.254",
                                      "172.16.0.0",
                                      "172.31.255.255",
                                      "192.0.0.1",
                                      "192.0.2.1",
                                      "192.88.99.1",
                                      "192.168.0.1",
                                      "198.18.0.1",
                                      "198.19.255.255",
                                      "198.51.100.1",
                                      "203.0.113.1",
                                      "224.0.0.1",
                                      "240.0.0.1",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "::ffff:10.0.0.1",
                                      "64:ff9b::a00:1",
                                      "100::1",
                                      "fc00::1",
                                      "fd12::1",
                                      "fe80::1",
                                      "fec0::1",
                                      "ff02::1",
                                      "2001::1",
                                      "2001:db8::1",
                                      "2002:a00:1::",
                                      "3fff::1"}) {
    EXPECT_FALSE(is_public(IpAddress::parse(text).value())) << text;
  }
}

}  // namespace
}  // namespace oneclaw

#include <gtest/gtest.h>

#include <filesystem>

#include "domain/policy.h"

namespace oneclaw::domain {
namespace {

TimePoint at(std::string_view text) {
  return parse_rfc3339(text).value();
}

bool hold(std::string_view json, std::string_view address,
          std::string_view time = "2026-02-18T12:00:00Z") {
  return Conditions::parse(json).value().hold(IpAddress::parse(address).value(), at(time));
}

bool in_window(std::string_view window, std::string_view time) {
  return hold("{\"time_window\":" + std::string(window) + "}", "192.0.2.1", time);
}

std::string refused_field(std::string_view json) {
  const auto parsed = Conditions::parse(json);
  if (parsed.ok()) return "(accepted)";
  EXPECT_EQ(parsed.problem().status, 400);
  return parsed.problem().fields.at(0).field;
}

TEST(Conditions, NoneAlwaysHold) {
  EXPECT_TRUE(Conditions{}.hold(IpAddress{}, TimePoint{}));
  EXPECT_TRUE(hold("{}", "2001:db8::1"));
}

TEST(IpAllowlist, V4) {
  constexpr std::string_view kList = R"({"ip_allowlist":["10.0.0.0/8","192.0.2.7"]})";
  EXPECT_TRUE(hold(kList, "10.255.255.255"));
  EXPECT_FALSE(hold(kList, "11.0.0.0"));
  EXPECT_TRUE(hold(kList, "192.0.2.7"));
  EXPECT_FALSE(hold(kList, "192.0.2.8"));
  EXPECT_FALSE(hold(kList, "2001:db8::1"));
}

TEST(IpAllowlist, V6) {
  constexpr std::string_view kList = R"({"ip_allowlist":["2001:db8::/33"]})";
  EXPECT_TRUE(hold(kList, "2001:db8:7fff::1"));
  EXPECT_FALSE(hold(kList, "2001:db8:8000::1"));
  EXPECT_FALSE(hold(kList, "32.1.13.184"));  // the same leading bytes
}

TEST(IpAllowlist, MappedAddressesAreV4) {
  EXPECT_TRUE(hold(R"({"ip_allowlist":["10.0.0.0/8"]})", "::ffff:10.1.2.3"));
  EXPECT_TRUE(hold(R"({"ip_allowlist":["::ffff:10.0.0.0/104"]})", "10.1.2.3"));
  EXPECT_FALSE(hold(R"({"ip_allowlist":["::/0"]})", "::ffff:10.1.2.3"));
}

TEST(IpAllowlist, AnEmptyListLetsNobodyIn) {
  EXPECT_FALSE(hold(R"({"ip_allowlist":[]})", "10.0.0.1"));
  EXPECT_FALSE(hold(R"({"ip_allowlist":[]})", "::1"));
}

TEST(IpAllowlist, Refused) {
  EXPECT_EQ(refused_field(R"({"ip_allowlist":"10.0.0.0/8"})"), "conditions.ip_allowlist");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":null})"), "conditions.ip_allowlist");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":{}})"), "conditions.ip_allowlist");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":["10.0.0.0/33"]})"), "conditions.ip_allowlist[0]");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":["::1",7]})"), "conditions.ip_allowlist[1]");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":["::1","10.0.0.1/8"]})"),
            "conditions.ip_allowlist[1]");
}

TEST(IpAllowlist, AtMost256Blocks) {
  const auto list = [](int count) {
    std::string text = R"({"ip_allowlist":["::1")";
    for (int i = 1; i < count; ++i) text += ",\"::1\"";
    return text + "]}";
  };
  EXPECT_TRUE(Conditions::parse(list(256)).ok());
  EXPECT_EQ(refused_field(list(257)), "conditions.ip_allowlist");
}

TEST(TimeWindow, AfterIsInclusiveAndBeforeExclusive) {
  constexpr std::string_view kWindow = R"({"after":"09:00","before":"17:00"})";
  EXPECT_FALSE(in_window(kWindow, "2026-02-18T08:59:59.999999Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-18T09:00:00Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-18T16:59:59.999999Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-02-18T17:00:00Z"));
}

TEST(TimeWindow, AcrossMidnight) {
  constexpr std::string_view kWindow = R"({"after":"22:00","before":"06:00"})";
  EXPECT_FALSE(in_window(kWindow, "2026-02-18T21:59:59Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-18T22:00:00Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-18T23:59:59.999999Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-19T00:00:00Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-02-19T05:59:59Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-02-19T06:00:00Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-02-19T12:00:00Z"));
}

TEST(TimeWindow, UntilMidnight) {
  constexpr std::string_view kWindow = R"({"after":"18:00","before":"00:00"})";
  EXPECT_TRUE(in_window(kWindow, "2026-02-18T23:59:59Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-02-19T00:00:00Z"));
}

TEST(TimeWindow, BeforeTheEpoch) {
  constexpr std::string_view kWindow = R"({"after":"09:00","before":"17:00"})";
  EXPECT_TRUE(in_window(kWindow, "1969-12-31T10:00:00Z"));
  EXPECT_FALSE(in_window(kWindow, "1969-12-31T23:59:59Z"));
}

TEST(TimeWindow, FollowsTheZonesClockAcrossTheYear) {
  constexpr std::string_view kWindow =
      R"({"after":"09:00","before":"17:00","timezone":"Europe/Berlin"})";
  // Winter, UTC+1.
  EXPECT_FALSE(in_window(kWindow, "2026-01-15T07:59:59Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-01-15T08:00:00Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-01-15T15:59:59Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-01-15T16:00:00Z"));
  // Summer, UTC+2.
  EXPECT_FALSE(in_window(kWindow, "2026-07-15T06:59:59Z"));
  EXPECT_TRUE(in_window(kWindow, "2026-07-15T07:00:00Z"));
  EXPECT_FALSE(in_window(kWindow, "2026-07-15T15:00:00Z"));
}

TEST(TimeWindow, AnHourThatIsSkipped) {
  // Berlin, 2026-03-29: 01:59:59 +01 is followed by 03:00 +02, at 01:00 UTC.
  constexpr std::string_view kSkipped =
      R"({"after":"02:00","before":"03:00","timezone":"Europe/Berlin"})";
  EXPECT_FALSE(in_window(kSkipped, "2026-03-29T00:59:59.999999Z"));
  EXPECT_FALSE(in_window(kSkipped, "2026-03-29T01:00:00Z"));
  EXPECT_TRUE(in_window(kSkipped, "2026-03-28T01:30:00Z"));
  EXPECT_TRUE(in_window(kSkipped, "2026-03-30T00:30:00Z"));
  constexpr std::string_view kAfter =
      R"({"after":"03:00","before":"04:00","timezone":"Europe/Berlin"})";
  EXPECT_FALSE(in_window(kAfter, "2026-03-29T00:59:59.999999Z"));
  EXPECT_TRUE(in_window(kAfter, "2026-03-29T01:00:00Z"));
}

TEST(TimeWindow, AnHourThatComesTwice) {
  // Berlin, 2026-10-25: 02:00 to 03:00 at +02 (00:00 UTC) and again at +01 (01:00 UTC).
  constexpr std::string_view kTwice =
      R"({"after":"02:00","before":"03:00","timezone":"Europe/Berlin"})";
  EXPECT_FALSE(in_window(kTwice, "2026-10-24T23:59:59Z"));
  EXPECT_TRUE(in_window(kTwice, "2026-10-25T00:30:00Z"));
  EXPECT_TRUE(in_window(kTwice, "2026-10-25T01:30:00Z"));
  EXPECT_FALSE(in_window(kTwice, "2026-10-25T02:00:00Z"));
}

TEST(TimeWindow, ZonesWestAndByTheHalfHour) {
  EXPECT_TRUE(in_window(R"({"after":"20:00","before":"21:00","timezone":"America/Los_Angeles"})",
                        "2026-01-15T04:30:00Z"));
  EXPECT_TRUE(in_window(R"({"after":"09:00","before":"09:01","timezone":"Asia/Kolkata"})",
                        "2026-01-15T03:30:00Z"));
  EXPECT_TRUE(
      in_window(R"({"after":"09:00","before":"10:00","timezone":"UTC"})", "2026-01-15T09:30:00Z"));
}

TEST(TimeWindow, BothConditionsMustHold) {
  constexpr std::string_view kBoth =
      R"({"ip_allowlist":["10.0.0.0/8"],"time_window":{"after":"09:00","before":"17:00"}})";
  EXPECT_TRUE(hold(kBoth, "10.0.0.1", "2026-02-18T12:00:00Z"));
  EXPECT_FALSE(hold(kBoth, "11.0.0.1", "2026-02-18T12:00:00Z"));
  EXPECT_FALSE(hold(kBoth, "10.0.0.1", "2026-02-18T18:00:00Z"));
}

TEST(TimeWindow, MalformedClocks) {
  for (const std::string bad : {"\"9:00\"", "\"24:00\"", "\"09:60\"", "\"0900\"", "\"09:00:00\"",
                                "\"09.00\"", "\"\"", "\"-9:00\"", "\" 9:00\"", "900", "null"}) {
    EXPECT_EQ(refused_field(R"({"time_window":{"after":)" + bad + R"(,"before":"17:00"}})"),
              "conditions.time_window.after")
        << bad;
    EXPECT_EQ(refused_field(R"({"time_window":{"before":)" + bad + R"(,"after":"17:00"}})"),
              "conditions.time_window.before")
        << bad;
  }
}

TEST(TimeWindow, Refused) {
  EXPECT_EQ(refused_field(R"({"time_window":{}})"), "conditions.time_window.after");
  EXPECT_EQ(refused_field(R"({"time_window":{"after":"09:00"}})"), "conditions.time_window.before");
  EXPECT_EQ(refused_field(R"({"time_window":{"after":"09:00","before":"09:00"}})"),
            "conditions.time_window.before");
  EXPECT_EQ(refused_field(R"({"time_window":[]})"), "conditions.time_window");
  EXPECT_EQ(refused_field(R"({"time_window":null})"), "conditions.time_window");
  EXPECT_EQ(refused_field(R"({"time_window":{"after":"09:00","before":"17:00","days":[1]}})"),
            "conditions.time_window.days");
}

TEST(TimeWindow, UnknownZones) {
  for (const std::string bad :
       {"\"Mars/Olympus\"", "\"\"", "\"europe/berlin\"", "\"+01:00\"", "\"../../../etc/passwd\"",
        "\"/etc/localtime\"", "\"localtime\"", "\"tzdata.zi\"", "1", "null"}) {
    EXPECT_EQ(refused_field(R"({"time_window":{"after":"09:00","before":"17:00","timezone":)" +
                            bad + "}}"),
              "conditions.time_window.timezone")
        << bad;
  }
}

TEST(TimeWindow, NoFileOfTheZoneFolderThrows) {
  const std::filesystem::path folder("/usr/share/zoneinfo");
  int accepted = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(folder).string();
    const auto parsed = Conditions::parse(
        R"({"time_window":{"after":"00:00","before":"23:59","timezone":")" + name + "\"}}");
    if (!parsed.ok()) continue;
    ++accepted;
    (void)parsed->hold(IpAddress{}, at("2026-02-18T12:00:00Z"));
    (void)parsed->hold(IpAddress{}, at("9999-12-31T23:59:59Z"));
    (void)parsed->hold(IpAddress{}, at("0000-01-01T00:00:00Z"));
  }
  EXPECT_GT(accepted, 300);
}

TEST(Conditions, WhatIsNotKnownIsRefused) {
  EXPECT_EQ(refused_field(R"({"mfa":true})"), "conditions.mfa");
  EXPECT_EQ(refused_field(R"({"ip_allowlist":["::1"],"IP_allowlist":[]})"),
            "conditions.IP_allowlist");
}

TEST(Conditions, OnlyAnObject) {
  for (const std::string_view bad :
       {"", "null", "[]", "\"x\"", "7", "{", "{}x", "{\"a\"", "{'a':1}", "{\"\xff\":1}"}) {
    EXPECT_EQ(refused_field(bad), "conditions") << bad;
  }
  EXPECT_EQ(refused_field(std::string(100'000, '[')), "conditions");
}

}  // namespace
}  // namespace oneclaw::domain

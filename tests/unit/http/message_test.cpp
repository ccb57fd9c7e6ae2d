#include "http/message.h"

#include <gtest/gtest.h>

#include "http/client_address.h"
#include "http/percent.h"

namespace oneclaw::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Query, Decodes) {
  const std::vector<std::pair<std::string, Pairs>> table = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2", {{"a", "1"}, {"b", "2"}}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"&a=1&&", {{"a", "1"}}},
      {"a=x+y%2Bz%2f%20", {{"a", "x y+z/ "}}},
      {"%61=%C3%A9", {{"a", "\xC3\xA9"}}},
      {"a%26b=1", {{"a&b", "1"}}},
  };
  for (const auto& [text, expected] : table) {
    const auto parsed = parse_query(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, expected) << text;
  }
}

TEST(Query, RefusesBadEncodingAndRepeats) {
  for (const std::string text : {"a=%", "a=%1", "a=%zz", "%zz=1", "a=%00", "a=%ff", "a=\xFF", "=1",
                                 "a=1&a=1", "a=1&%61=2", "a&a"}) {
    const auto parsed = parse_query(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.problem().status, 400) << text;
  }
}

TEST(Request, FindsHeadersInAnyCase) {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-one", "2"}, {"X-Two", ""}};
  EXPECT_EQ(request.header("x-ONE"), "1");
  EXPECT_EQ(request.header("X-Two"), "");
  EXPECT_EQ(request.header("X-On"), std::nullopt);
}

TEST(Request, ReadsParameters) {
  Request request;
  request.path_params = {{"id", "0190e3a0-0000-7000-8000-000000000001"}, {"bad", "7"}};
  request.query_params = {{"limit", "20"},
                          {"neg", "-5"},
                          {"text", "x"},
                          {"empty", ""},
                          {"tail", "5x"},
                          {"plus", "+5"},
                          {"huge", "99999999999999999999"},
                          {"space", " 5"}};
  EXPECT_EQ(request.path_param("bad"), "7");
  EXPECT_EQ(request.path_param("none"), "");
  EXPECT_TRUE(request.path_uuid("id").ok());
  EXPECT_EQ(request.path_uuid("bad").problem().status, 404);
  EXPECT_EQ(request.path_uuid("none").problem().status, 404);

  EXPECT_EQ(request.query_integer("limit", 1, 1, 20).value(), 20);
  EXPECT_EQ(request.query_integer("limit", 1, 20, 30).value(), 20);
  EXPECT_EQ(request.query_integer("neg", 1, -5, 0).value(), -5);
  EXPECT_EQ(request.query_integer("absent", 50, 1, 20).value(), 50);
  EXPECT_EQ(request.query_integer("limit", 1, 1, 19).problem().status, 400);
  EXPECT_EQ(request.query_integer("limit", 1, 21, 30).problem().status, 400);
  for (const char* name : {"text", "empty", "tail", "plus", "huge", "space"}) {
    const auto value = request.query_integer(name, 1, 0, 100);
    ASSERT_FALSE(value.ok()) << name;
    ASSERT_EQ(value.problem().fields.size(), 1U);
    EXPECT_EQ(value.problem().fields[0].field, name);
  }
}

TEST(ProblemResponse, CarriesItsHeaders) {
  Problem problem = problems::too_many_requests("Slow down.", 7);
  problem.allow = {"GET", "PUT"};
  const Response response = problem_response(problem);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const Pairs expected = {{"Retry-After", "7"}, {"Allow", "GET, PUT"}};
  EXPECT_EQ(response.headers, expected);
  EXPECT_NE(response.body.view().find("\"Slow down.\""), std::string_view::npos);

  const Pairs challenge = {{"WWW-Authenticate", "Bearer"}};
  EXPECT_EQ(problem_response(problems::unauthorized("No.")).headers, challenge);
}

struct Forwarded {
  std::string peer;
  std::vector<std::string> headers;
  std::string client;
};

TEST(ClientAddress, IsTheRightmostThatIsNotTrusted) {
  const std::vector<Cidr> trusted = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")};
  const std::vector<Forwarded> table = {
      {"192.0.2.1", {"198.51.100.1"}, "192.0.2.1"},  // the peer is not a proxy
      {"10.0.0.1", {}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {"203.0.113.9 ,198.51.100.1\t, 10.2.3.4"}, "198.51.100.1"},
      {"10.0.0.1", {"203.0.113.9", "198.51.100.1", "10.2.3.4"}, "198.51.100.1"},
      {"10.0.0.1", {"10.9.9.9, 10.2.3.4"}, "10.9.9.9"},  // all of them proxies
      {"10.0.0.1", {"198.51.100.1, nonsense, 10.2.3.4"}, "10.2.3.4"},
      {"10.0.0.1", {""}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1,"}, "10.0.0.1"},
      {"fd00::1", {"2001:db8::7"}, "2001:db8::7"},
      {"10.0.0.1", {"::ffff:198.51.100.1"}, "198.51.100.1"},
  };
  for (const Forwarded& row : table) {
    Request request;
    request.headers.emplace_back("Host", "x");
    for (const std::string& text : row.headers) {
      request.headers.emplace_back("x-forwarded-FOR", text);
    }
    const auto client = client_address(*IpAddress::parse(row.peer), request, trusted);
    EXPECT_EQ(client.to_string(), row.client) << row.peer << testing::PrintToString(row.headers);
  }
}

TEST(ClientAddress, MapsTheSocketsAddress) {
  const auto convert = [](const char* text) {
    return to_ip_address(boost::asio::ip::make_address(text)).to_string();
  };
  EXPECT_EQ(convert("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(convert("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(convert("2001:db8::1"), "2001:db8::1");
}

}  // namespace
}  // namespace oneclaw::http

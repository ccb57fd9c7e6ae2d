#include "http/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace oneclaw::http {
namespace {

Route route(Method method, std::string pattern) {
  Route out;
  out.method = method;
  out.pattern = std::move(pattern);
  return out;
}

Router make_router() {
  Router router;
  router.add(route(Method::kGet, "/"));
  router.add(route(Method::kGet, "/v1/agents"));
  router.add(route(Method::kPost, "/v1/agents"));
  router.add(route(Method::kGet, "/v1/agents/me"));
  router.add(route(Method::kGet, "/v1/agents/{agent_id}"));
  router.add(route(Method::kDelete, "/v1/agents/{agent_id}"));
  router.add(route(Method::kGet, "/v1/vaults/{vault_id}/secrets"));
  router.add(route(Method::kGet, "/v1/vaults/{vault_id}/secrets/{*path}"));
  router.add(route(Method::kPut, "/v1/vaults/{id}/secrets/{*path}"));
  router.add(route(Method::kGet, "/v1/vaults/{vault_id}/secret-version/{*path}/{version}"));
  router.add(route(Method::kGet, "/v1/vaults/{vault_id}/history/{*path}/versions"));
  router.add(route(Method::kGet, "/v1/vaults/{vault_id}/history/{*path}"));
  router.add(route(Method::kGet, "/v1/{kind}/fixed/leaf"));
  return router;
}

using Params = std::vector<std::pair<std::string, std::string>>;

struct Good {
  const char* method;
  const char* path;
  const char* pattern;
  Params params;
};

TEST(Router, MatchesTheBestPattern) {
  const Router router = make_router();
  const std::vector<Good> table = {
      {"GET", "/", "/", {}},
      {"GET", "/v1/agents", "/v1/agents", {}},
      {"POST", "/v1/agents", "/v1/agents", {}},
      {"GET", "/v1/agents/me", "/v1/agents/me", {}},
      {"GET", "/v1/agents/%6De", "/v1/agents/me", {}},
      {"GET", "/v1/agents/you", "/v1/agents/{agent_id}", {{"agent_id", "you"}}},
      {"GET", "/v1/vaults/7/secrets", "/v1/vaults/{vault_id}/secrets", {{"vault_id", "7"}}},
      {"GET",
       "/v1/vaults/7/secrets/a",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "a"}}},
      {"GET",
       "/v1/vaults/7/secrets/a/b/c",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "a/b/c"}}},
      // Each route has its own parameter names.
      {"PUT",
       "/v1/vaults/7/secrets/a/b",
       "/v1/vaults/{id}/secrets/{*path}",
       {{"id", "7"}, {"path", "a/b"}}},
      {"GET",
       "/v1/vaults/7/secret-version/a/b/3",
       "/v1/vaults/{vault_id}/secret-version/{*path}/{version}",
       {{"vault_id", "7"}, {"path", "a/b"}, {"version", "3"}}},
      // The longest suffix after a wildcard wins, and the wildcard is never empty.
      {"GET",
       "/v1/vaults/7/history/a/versions",
       "/v1/vaults/{vault_id}/history/{*path}/versions",
       {{"vault_id", "7"}, {"path", "a"}}},
      {"GET",
       "/v1/vaults/7/history/versions",
       "/v1/vaults/{vault_id}/history/{*path}",
       {{"vault_id", "7"}, {"path", "versions"}}},
      {"GET",
       "/v1/vaults/7/history/versions/versions/versions",
       "/v1/vaults/{vault_id}/history/{*path}/versions",
       {{"vault_id", "7"}, {"path", "versions/versions"}}},
      // A literal that leads nowhere gives way to a parameter.
      {"GET", "/v1/agents/fixed/leaf", "/v1/{kind}/fixed/leaf", {{"kind", "agents"}}},
      // Decoding.
      {"GET",
       "/v1/vaults/7/secrets/a%20b/%C3%A9/%25",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "a b/\xC3\xA9/%"}}},
      {"GET",
       "/v1/vaults/7/secrets/\xC3\xA9+x",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "\xC3\xA9+x"}}},
      // Decoded once.
      {"GET",
       "/v1/vaults/7/secrets/%252f",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "%2f"}}},
      {"GET",
       "/v1/vaults/7/secrets/...",
       "/v1/vaults/{vault_id}/secrets/{*path}",
       {{"vault_id", "7"}, {"path", "..."}}},
  };
  for (const Good& good : table) {
    const auto match = router.match(good.method, good.path);
    ASSERT_TRUE(match.ok()) << good.path << ": " << match.problem().status;
    EXPECT_EQ(match->route->pattern, good.pattern) << good.path;
    EXPECT_EQ(match->params, good.params) << good.path;
  }
}

TEST(Router, RefusesBadPaths) {
  const Router router = make_router();
  const std::string prefix = "/v1/vaults/7/secrets/";
  for (const std::string tail :
       {"a%2fb", "a%2Fb", "%2f",     "a%00b",  "%zz",       "%2",     "%",     "a%",
        "%g0",   "%-1",   "% 1",     "..",     ".",         "a/../b", "a/./b", "%2e%2e",
        "%2E.",  ".%2e",  "%2e",     "a//b",   "a/",        "/a",     "",      "\xFF",
        "%ff",   "%C3",   "%C3/%A9", "%c0%af", "%ed%a0%80", "a\xC3"}) {
    const auto match = router.match("GET", prefix + tail);
    ASSERT_FALSE(match.ok()) << tail;
    EXPECT_EQ(match.problem().status, 400) << tail;
  }
  for (const std::string path : {"", "v1", "*", "//", "//v1", "/v1//agents", "/v1/agents/"}) {
    const auto match = router.match("GET", path);
    ASSERT_FALSE(match.ok()) << path;
    EXPECT_EQ(match.problem().status, 400) << path;
  }
  EXPECT_EQ(router.match("GET", std::string{"/v1/a\0b", 7}).problem().status, 400);
}

TEST(Router, LimitsTheSegments) {
  const Router router = make_router();
  std::string path = "/v1/vaults/7/secrets";
  for (int i = 0; i < 60; ++i) path += "/s";
  EXPECT_TRUE(router.match("GET", path).ok());
  EXPECT_EQ(router.match("GET", path + "/s").problem().status, 400);
}

TEST(Router, UnknownPathsAre404) {
  const Router router = make_router();
  for (const std::string path : {"/nope", "/v1", "/v1/agents/a/b", "/v1/vaults/7/secret-version/3",
                                 "/v1/AGENTS/a", "/v1/vaults/7/secretsx"}) {
    const auto match = router.match("GET", path);
    ASSERT_FALSE(match.ok()) << path;
    EXPECT_EQ(match.problem().status, 404) << path;
  }
}

TEST(Router, UnknownMethodsAre405WithAllow) {
  const Router router = make_router();
  const std::vector<std::string> get_post{"GET", "POST"};
  for (const char* method : {"PUT", "HEAD", "OPTIONS", "TRACE", "get", "PROPFIND", ""}) {
    const auto match = router.match(method, "/v1/agents");
    ASSERT_FALSE(match.ok()) << method;
    EXPECT_EQ(match.problem().status, 405) << method;
    EXPECT_EQ(match.problem().allow, get_post) << method;
  }
  // The literal wins even where only the parameter has the method.
  const auto match = router.match("DELETE", "/v1/agents/me");
  ASSERT_FALSE(match.ok());
  EXPECT_EQ(match.problem().status, 405);
  EXPECT_EQ(match.problem().allow, std::vector<std::string>{"GET"});
}

TEST(Router, RefusesBadPatterns) {
  for (const char* pattern : {"", "v1", "/v1/", "//", "/v1//a", "/{}", "/{*}", "/{A}", "/{a}/{a}",
                              "/{*a}/{*b}", "/a{b}", "/{a", "/a}"}) {
    Router router;
    EXPECT_THROW(router.add(route(Method::kGet, pattern)), std::logic_error) << pattern;
  }
  Router router;
  router.add(route(Method::kGet, "/v1/{a}"));
  router.add(route(Method::kPut, "/v1/{b}"));
  EXPECT_THROW(router.add(route(Method::kGet, "/v1/{b}")), std::logic_error);
  ASSERT_EQ(router.routes().size(), 2U);
  EXPECT_EQ(router.routes()[0]->method, Method::kGet);
  EXPECT_EQ(router.routes()[1]->method, Method::kPut);
}

}  // namespace
}  // namespace oneclaw::http

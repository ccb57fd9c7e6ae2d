#include "http/pipeline.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

namespace oneclaw::http {
namespace {

namespace asio = boost::asio;

/// What the handlers below do; set by each test.
struct Script {
  std::vector<std::string> calls;
  std::optional<Problem> admit, principal, authenticate, ip_rules, audit, handler;
  std::optional<Problem> quota;
  bool quotas = false;
  bool scope_ok = true;
  bool audits = true;  ///< the handler audits
  bool throws = false;
  bool authenticate_throws = false;
  int status = 200;
  PrincipalType type = PrincipalType::kUser;
  std::string token;
  int audited_status = 0;
};
Script script;

class FakeHooks final : public PipelineHooks {
 public:
  Result<void> admit(Request& /*request*/) override { return step("admit", script.admit); }
  Result<void> admit_principal(Request& request) override {
    request.answer_headers = {{"X-RateLimit-Remaining", "7"}};
    return step("principal", script.principal);
  }
  bool has_quotas() const override { return script.quotas; }
  asio::awaitable<Result<void>> take_quota(Request& request) override {
    request.quota_taken = true;
    co_return step("quota", script.quota);
  }
  void give_back_quota(const Request& /*request*/) override {
    script.calls.emplace_back("give back");
  }
  asio::awaitable<Result<Principal>> authenticate(std::string_view bearer_token) override {
    script.token = bearer_token;
    script.calls.emplace_back("authenticate");
    if (script.authenticate_throws) throw std::runtime_error("boom");
    if (script.authenticate) co_return *script.authenticate;
    Principal principal;
    principal.type = script.type;
    co_return principal;
  }
  Result<void> check_ip_rules(const Caller& /*caller*/) override {
    return step("ip", script.ip_rules);
  }
  bool scope_allows(const Principal& /*principal*/, std::string_view needed) override {
    script.calls.emplace_back("scope " + std::string{needed});
    return script.scope_ok;
  }
  asio::awaitable<Result<void>> audit_refusal(Request& /*request*/, Problem& problem) override {
    script.audited_status = problem.status;
    co_return step("audit", script.audit);
  }

 private:
  static Result<void> step(const char* name, const std::optional<Problem>& problem) {
    script.calls.emplace_back(name);
    if (problem) return *problem;
    return {};
  }
};

asio::awaitable<Result<Response>> handle(Request& request) {
  script.calls.emplace_back("handler");
  if (script.throws) throw std::runtime_error("boom");
  request.caller.audited = script.audits;
  if (script.handler) co_return *script.handler;
  Response response;
  response.status = script.status;
  response.body.append("data");
  co_return response;
}

Route route(Method method, std::string pattern, Access access, std::string action,
            std::string scope) {
  Route out;
  out.method = method;
  out.pattern = std::move(pattern);
  out.access = access;
  out.action = std::move(action);
  out.scope = std::move(scope);
  out.handler = handle;
  return out;
}

class Pipeline : public testing::Test {
 protected:
  Pipeline() {
    script = Script{};
    router_.add(route(Method::kGet, "/public", Access::kPublic, "auth.token", "x:read"));
    router_.add(route(Method::kGet, "/optional", Access::kOptional, "share.access", "x:read"));
    router_.add(route(Method::kGet, "/health", Access::kPublic, "", ""));
    router_.add(route(Method::kGet, "/user", Access::kUser, "vault.create", "vaults:write"));
    router_.add(route(Method::kGet, "/any/{name}", Access::kPrincipal, "secret.read", ""));
    router_.add(route(Method::kGet, "/scoped", Access::kPrincipal, "secret.read", "secrets:read"));
  }

  Response run(std::string_view target,
               std::optional<std::string_view> authorization = "Bearer t") {
    request_ = Request{};
    request_.method_name = "GET";
    request_.method = Method::kGet;
    request_.target = target;
    request_.raw_path = target.substr(0, target.find('?'));
    if (authorization) request_.headers.emplace_back("Authorization", *authorization);
    return run();
  }
  Response run() {
    asio::io_context io;
    Response out;
    asio::co_spawn(io, run_pipeline(router_, hooks_, request_),
                   [&out](const std::exception_ptr& error, Response response) {
                     EXPECT_EQ(error, nullptr);
                     out = std::move(response);
                   });
    io.run();
    return out;
  }
  using Calls = std::vector<std::string>;

  Router router_;
  FakeHooks hooks_;
  Request request_;
};

TEST_F(Pipeline, RunsItsStagesInOrder) {
  const Response response = run("/scoped");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.view(), "data");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "X-RateLimit-Remaining");
  EXPECT_EQ(script.calls,
            (Calls{"admit", "authenticate", "principal", "ip", "scope secrets:read", "handler"}));
  EXPECT_EQ(script.token, "t");
  EXPECT_EQ(request_.caller.principal.type, PrincipalType::kUser);
  ASSERT_NE(request_.route, nullptr);
  EXPECT_EQ(request_.route->pattern, "/scoped");
}

TEST_F(Pipeline, GivesParametersToTheHandler) {
  EXPECT_EQ(run("/any/a%20b?x=1&y=%2f").status, 200);
  EXPECT_EQ(request_.path_param("name"), "a b");
  EXPECT_EQ(request_.query("x"), "1");
  EXPECT_EQ(request_.query("y"), "/");
  EXPECT_EQ(request_.query("z"), std::nullopt);
}

TEST_F(Pipeline, AnOptionalTokenIsCheckedWhenThereIsOne) {
  EXPECT_EQ(run("/optional", std::nullopt).status, 200);
  EXPECT_EQ(script.calls, (Calls{"admit", "ip", "handler"}));
  EXPECT_EQ(request_.caller.principal.type, PrincipalType::kNone);

  script = Script{};
  EXPECT_EQ(run("/optional").status, 200);
  EXPECT_EQ(script.calls,
            (Calls{"admit", "authenticate", "principal", "ip", "scope x:read", "handler"}));

  script = Script{};
  script.authenticate = problems::unauthorized("Expired.");
  EXPECT_EQ(run("/optional").status, 401);
  EXPECT_EQ(run("/optional", "Basic x").status, 401);
}

TEST_F(Pipeline, StopsAtTheFirstStageThatRefuses) {
  script.admit = problems::too_many_requests("Slow down.", 3);
  EXPECT_EQ(run("/user").status, 429);
  EXPECT_EQ(script.calls, (Calls{"admit"}));  // nobody is known yet: not audited

  script = Script{};
  script.authenticate = problems::unauthorized("Expired.");
  EXPECT_EQ(run("/user").status, 401);
  EXPECT_EQ(script.calls, (Calls{"admit", "authenticate", "audit"}));
  EXPECT_EQ(script.audited_status, 401);

  script = Script{};
  script.principal = problems::too_many_requests("Slow down.", 3);
  EXPECT_EQ(run("/user").status, 429);
  EXPECT_EQ(script.calls, (Calls{"admit", "authenticate", "principal", "audit"}));

  script = Script{};
  script.ip_rules = problems::forbidden("Not from there.");
  EXPECT_EQ(run("/user").status, 403);
  EXPECT_EQ(script.calls, (Calls{"admit", "authenticate", "principal", "ip", "audit"}));

  script = Script{};
  script.type = PrincipalType::kAgent;
  EXPECT_EQ(run("/user").status, 403);
  EXPECT_EQ(script.calls, (Calls{"admit", "authenticate", "principal", "ip", "audit"}));
  EXPECT_EQ(script.audited_status, 403);

  script = Script{};
  script.scope_ok = false;
  EXPECT_EQ(run("/scoped").status, 403);
  EXPECT_EQ(script.calls,
            (Calls{"admit", "authenticate", "principal", "ip", "scope secrets:read", "audit"}));
}

TEST_F(Pipeline, TakesOneOfTheQuotaAndGivesItBackWhenNothingCameOfIt) {
  script.quotas = true;
  EXPECT_EQ(run("/user").status, 200);
  EXPECT_EQ(script.calls, (Calls{"admit", "authenticate", "principal", "quota", "ip",
                                 "scope vaults:write", "handler"}));

  script = Script{};
  script.quotas = true;
  script.audits = false;
  script.handler = problems::bad_request("No.");
  EXPECT_EQ(run("/user").status, 400);
  EXPECT_EQ(script.calls.back(), "give back");

  script = Script{};
  script.quotas = true;
  script.quota = Problem{.status = 402,
                         .code = "quota-exceeded",
                         .detail = "Used up.",
                         .fields = {},
                         .retry_after_seconds = std::nullopt,
                         .allow = {}};
  EXPECT_EQ(run("/user").status, 402);
  EXPECT_EQ(script.audited_status, 402);
}

TEST_F(Pipeline, UserRouteNeedsAUser) {
  script.type = PrincipalType::kNone;
  EXPECT_EQ(run("/user").status, 403);
  script.type = PrincipalType::kUser;
  EXPECT_EQ(run("/user").status, 200);
  script.type = PrincipalType::kAgent;
  EXPECT_EQ(run("/any/x").status, 200);
}

TEST_F(Pipeline, PublicRouteAsksForNoToken) {
  EXPECT_EQ(run("/public", std::nullopt).status, 200);
  EXPECT_EQ(script.calls, (Calls{"admit", "ip", "handler"}));
  script.calls.clear();
  EXPECT_EQ(run("/public", "Bearer bad").status, 200);
  EXPECT_EQ(script.calls, (Calls{"admit", "ip", "handler"}));
}

TEST_F(Pipeline, RefusesMissingAndMalformedCredentials) {
  for (const auto& header : std::vector<std::optional<std::string_view>>{
           std::nullopt, "", "Bearer", "Bearer ", "Bearer  ", "Basic dTpw", "Bearerx t", "t",
           "Bearer a b", "Bearer a,b", " Bearer t"}) {
    script = Script{};
    const Response response = run("/user", header);
    EXPECT_EQ(response.status, 401) << header.value_or("(none)");
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].first, "WWW-Authenticate");
    EXPECT_EQ(response.headers[0].second, "Bearer");
    EXPECT_EQ(script.calls, (Calls{"admit", "audit"}));
  }
  for (const std::string_view header : {"bearer t", "BEARER t", "Bearer   t"}) {
    script = Script{};
    EXPECT_EQ(run("/user", header).status, 200) << header;
    EXPECT_EQ(script.token, "t");
  }
}

TEST_F(Pipeline, RoutingFailuresAreNotAudited) {
  EXPECT_EQ(run("/nope").status, 404);
  EXPECT_EQ(run("/any/%2f").status, 400);
  EXPECT_EQ(run("/any/x?a=1&a=2").status, 400);
  EXPECT_EQ(run("/any/x?a=%zz").status, 400);
  EXPECT_EQ(script.calls, (Calls{"admit", "admit", "admit", "admit"}));

  request_.method_name = "HEAD";
  request_.method.reset();
  request_.raw_path = request_.target = "/user";
  const Response response = run();
  EXPECT_EQ(response.status, 405);
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>{"Allow", "GET"}));
}

TEST_F(Pipeline, AuditsRefusalsOfTheHandlerOnce) {
  for (const int status : {401, 403, 404, 410, 429}) {
    script = Script{};
    script.handler = Problem{};
    script.handler->status = status;
    script.audits = false;
    EXPECT_EQ(run("/any/x").status, status);
    EXPECT_EQ(script.audited_status, status);
    EXPECT_EQ(script.calls.back(), "audit");

    script.audited_status = 0;
    script.audits = true;
    EXPECT_EQ(run("/any/x").status, status);
    EXPECT_EQ(script.audited_status, 0);
  }
  for (const int status : {400, 409, 413, 500, 503}) {
    script = Script{};
    script.handler = Problem{};
    script.handler->status = status;
    script.audits = false;
    EXPECT_EQ(run("/any/x").status, status);
    EXPECT_EQ(script.audited_status, 0) << status;
  }
}

TEST_F(Pipeline, ARefusalAsAResponseIsAudited) {
  script.status = 404;
  script.audits = false;
  EXPECT_EQ(run("/any/x").status, 404);
  EXPECT_EQ(script.audited_status, 404);
}

TEST_F(Pipeline, ARefusalThatCannotBeAuditedIs503) {
  script.handler = problems::not_found();
  script.audits = false;
  script.audit = problems::unavailable("The audit log can't be written.");
  const Response response = run("/any/x");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers[0].first, "Retry-After");
}

TEST_F(Pipeline, AnUnauditedSuccessIs500WithoutTheData) {
  script.audits = false;
  for (const int status : {200, 201, 204, 299}) {
    script.status = status;
    const Response response = run("/any/x");
    EXPECT_EQ(response.status, 500) << status;
    EXPECT_EQ(response.body.view().find("data"), std::string_view::npos);
  }
  script.status = 200;
  EXPECT_EQ(run("/public", std::nullopt).status, 500);
  EXPECT_EQ(run("/health", std::nullopt).status, 200);  // has no action to audit
}

TEST_F(Pipeline, ExceptionsAre500) {
  script.throws = true;
  const Response response = run("/any/x");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.view().find("boom"), std::string_view::npos);

  script = Script{};
  script.authenticate_throws = true;
  EXPECT_EQ(run("/any/x").status, 500);
}

}  // namespace
}  // namespace oneclaw::http

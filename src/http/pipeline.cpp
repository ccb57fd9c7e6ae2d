#include "http/pipeline.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <typeinfo>

#include "http/percent.h"

namespace oneclaw::http {
namespace {

namespace asio = boost::asio;

bool is_refusal(int status) {
  return status == 401 || status == 402 || status == 403 || status == 404 || status == 410 ||
         status == 429;
}

/// Stored data that was changed behind our back must be seen in the chain.
bool is_tampering(const Problem& problem) {
  return problem.code == "tampered" || problem.code == "decryption-failed";
}

bool is_bearer_scheme(std::string_view text) {
  constexpr std::string_view kScheme = "bearer";
  return std::equal(text.begin(), text.end(), kScheme.begin(), kScheme.end(),
                    [](char c, char small) { return (c | 0x20) == small; });
}

/// RFC 6750 §2.1: `Bearer`, a space, a b64token; the scheme in any case.
Result<std::string_view> bearer_token(const Request& request) {
  const auto header = request.header("Authorization");
  if (!header) return problems::unauthorized("A bearer token is needed.");
  const std::size_t space = header->find(' ');
  if (space != std::string_view::npos && is_bearer_scheme(header->substr(0, space))) {
    const std::string_view token =
        header->substr(std::min(header->find_first_not_of(' ', space), header->size()));
    // Not find_first_of(): that goes over the set anew for each character.
    const auto holds = [token](char c) { return token.find(c) != std::string_view::npos; };
    if (!token.empty() && !holds(' ') && !holds('\t') && !holds(',')) return token;
  }
  return problems::unauthorized("The Authorization header is malformed.");
}

/// Logs the type alone: what() may hold anything.
void log_exception(const Request& request, const std::exception_ptr& error) {
  const char* type = "unknown";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    type = typeid(e).name();
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
  spdlog::error("exception type={} route={} id={}", type,
                request.route != nullptr ? request.route->pattern : "-", request.caller.request_id);
}

Result<void> find_route(const Router& router, Request& request) {
  TRY(Router::Match match, router.match(request.method_name, request.raw_path));
  request.route = match.route;
  request.path_params = std::move(match.params);
  const std::size_t mark = request.target.find('?');
  if (mark != std::string_view::npos) {
    TRY(request.query_params, parse_query(request.target.substr(mark + 1)));
  }
  return {};
}

/// The stages after routing.
asio::awaitable<Result<Response>> act(PipelineHooks& hooks, Request& request) {
  const Route& route = *request.route;
  const bool optional = route.access == Access::kOptional;
  const bool anonymous =
      route.access == Access::kPublic || (optional && !request.header("Authorization"));
  if (!anonymous) {
    CO_TRY(const std::string_view token, bearer_token(request));
    if (std::optional<Principal> known = hooks.recognize(token)) {
      request.caller.principal = std::move(*known);
    } else {
      CO_TRY(request.caller.principal, co_await hooks.authenticate(token));
    }
    CO_CHECK_OK(hooks.admit_principal(request));
    if (hooks.has_quotas()) CO_CHECK_OK(co_await hooks.take_quota(request));
  }
  CO_CHECK_OK(hooks.check_ip_rules(request.caller));
  if (route.access == Access::kUser && !request.caller.principal.is_user()) {
    co_return problems::forbidden("Agents may not do this.");
  }
  if (!anonymous && !route.scope.empty() &&
      !hooks.scope_allows(request.caller.principal, route.scope)) {
    co_return problems::forbidden("The token's scopes do not cover this.");
  }
  co_return co_await route.handler(request);
}

/// act(), held to the audit rules.
asio::awaitable<Response> act_audited(PipelineHooks& hooks, Request& request) {
  Result<Response> result = co_await act(hooks, request);
  const int status = result.ok() ? result->status : result.problem().status;
  if (!request.caller.audited &&
      (is_refusal(status) || (!result.ok() && is_tampering(result.problem())))) {
    Problem of_response;
    of_response.status = status;
    Problem& refusal = result.ok() ? of_response : result.problem();
    const Result<void> audited = co_await hooks.audit_refusal(request, refusal);
    if (!audited.ok()) co_return problem_response(audited.problem());
  }
  if (!result.ok()) co_return problem_response(result.problem());
  const bool success = status >= 200 && status < 300;
  if (success && !request.caller.audited && !request.route->action.empty()) {
    spdlog::error("success without audit route={} id={}", request.route->pattern,
                  request.caller.request_id);
    co_return problem_response(problems::internal());
  }
  co_return std::move(result).value();
}

}  // namespace

asio::awaitable<Response> run_pipeline(const Router& router, PipelineHooks& hooks,
                                       Request& request) {
  const auto with_headers = [&request](Response response) {
    for (auto& header : request.answer_headers) response.headers.push_back(std::move(header));
    return response;
  };
  std::exception_ptr error;
  try {
    const Result<void> admitted = hooks.admit(request);
    if (!admitted.ok()) co_return with_headers(problem_response(admitted.problem()));
    const Result<void> routed = find_route(router, request);
    if (!routed.ok()) co_return problem_response(routed.problem());
    Response response = co_await act_audited(hooks, request);
    if (request.quota_taken && !request.caller.audited) hooks.give_back_quota(request);
    co_return with_headers(std::move(response));
  } catch (...) {
    error = std::current_exception();
  }
  log_exception(request, error);
  co_return problem_response(problems::internal());
}

}  // namespace oneclaw::http

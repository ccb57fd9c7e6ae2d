#include "server/hooks.h"

#include <algorithm>
#include <utility>

#include "domain/scopes.h"

namespace oneclaw::server {

namespace asio = boost::asio;

namespace {

bool any_contains(const std::vector<Cidr>& blocks, const IpAddress& address) {
  return std::ranges::any_of(blocks, [&](const Cidr& block) { return block.contains(address); });
}

/// The id the path names: that of a secret's path, or the last UUID in the pattern.
std::string resource_of(const http::Request& request) {
  if (const auto path = request.path_param("path"); !path.empty()) return std::string(path);
  return request.path_params.empty() ? std::string() : request.path_params.back().second;
}

}  // namespace

Hooks::Hooks(service::Tokens& tokens, service::AuditLog& audit, service::Approvals& approvals,
             int requests_per_second_per_address, std::vector<Cidr> ip_allow,
             std::vector<Cidr> ip_deny)
    : tokens_(tokens),
      audit_(audit),
      approvals_(approvals),
      limiter_(requests_per_second_per_address),
      ip_allow_(std::move(ip_allow)),
      ip_deny_(std::move(ip_deny)) {}

Result<void> Hooks::admit(const IpAddress& address) {
  return limiter_.admit(address, now());
}

asio::awaitable<Result<Principal>> Hooks::authenticate(std::string_view bearer_token) {
  return tokens_.authenticate(bearer_token);
}

Result<void> Hooks::check_ip_rules(const Caller& caller) {
  if (any_contains(ip_deny_, caller.address) ||
      (!ip_allow_.empty() && !any_contains(ip_allow_, caller.address))) {
    return problems::forbidden("This address isn't allowed here.");
  }
  return {};
}

bool Hooks::scope_allows(const Principal& principal, std::string_view needed) {
  return domain::scopes_cover(principal.scopes, needed);
}

asio::awaitable<Result<void>> Hooks::audit_refusal(http::Request& request, Problem& problem) {
  if (problem.approval) co_return co_await approvals_.ask(request.caller, problem);
  const bool unauthenticated = request.caller.principal.type == PrincipalType::kNone;
  const std::string& action = request.route->action;
  service::AuditEntry entry{
      .action = unauthenticated && problem.status == 401 ? "auth.failure" : action,
      .resource_type = action.substr(0, action.find('.')),
      .resource_id = resource_of(request),
      .details = {}};
  entry.details["reason"] = problem.code;
  entry.details["route_action"] = action;
  if (const auto vault_id = request.path_param("vault_id"); !vault_id.empty()) {
    entry.details["vault_id"] = vault_id;
  }
  co_return co_await audit_.record_refusal(request.caller, request.caller.principal.org_id,
                                           std::move(entry), problem.status);
}

}  // namespace oneclaw::server

#include "server/hooks.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "domain/scopes.h"

namespace oneclaw::server {

namespace asio = boost::asio;

namespace {

/// The id the path names: that of a secret's path, or the last UUID in the pattern.
std::string resource_of(const http::Request& request) {
  if (const auto path = request.path_param("path"); !path.empty()) return std::string(path);
  if (request.path_params.empty()) return {};
  const auto& [name, value] = request.path_params.back();
  // These may be bearer secrets, which no event holds.
  if (name == "token" || (name == "share_id" && !Uuid::parse(value))) return {};
  return value;
}

/// One client has a whole IPv6 /64 at its command.
IpAddress network_of(IpAddress address) {
  if (address.v6) std::fill(address.bytes.begin() + 8, address.bytes.end(), std::uint8_t{0});
  return address;
}

/// Tells the client where it stands (draft-ietf-httpapi-ratelimit-headers-08, and the older
/// X-RateLimit-* that many clients read); 429 when the bucket is empty.
Result<void> judge(http::Request& request, std::string_view policy,
                   const service::RateState& state) {
  const std::string name(policy);
  const std::string limit = std::to_string(state.limit);
  const std::string left = std::to_string(state.remaining);
  const std::string reset = std::to_string(state.reset_seconds);
  request.answer_headers = {{"RateLimit-Policy", "\"" + name + "\";q=" + limit + ";w=2"},
                            {"RateLimit", "\"" + name + "\";r=" + left + ";t=" + reset},
                            {"X-RateLimit-Limit", limit},
                            {"X-RateLimit-Remaining", left},
                            {"X-RateLimit-Reset", reset}};
  if (state.admitted) return {};
  return problems::too_many_requests("Too many requests for this " + name + ".", 1);
}

}  // namespace

Hooks::Hooks(service::Tokens& tokens, service::AuditLog& audit, service::Approvals& approvals,
             service::IpRules& ip_rules, service::Quotas& quotas, RateLimits rates,
             std::vector<Cidr> ip_allow, std::vector<Cidr> ip_deny)
    : tokens_(tokens),
      audit_(audit),
      approvals_(approvals),
      ip_rules_(ip_rules),
      quotas_(quotas),
      all_(rates.all),
      addresses_(rates.per_address),
      principals_(rates.per_principal),
      ip_allow_(std::move(ip_allow)),
      ip_deny_(std::move(ip_deny)) {}

std::size_t Hooks::AddressHash::operator()(const IpAddress& address) const noexcept {
  return std::hash<std::string_view>{}(as_text(address.bytes));
}

Result<void> Hooks::admit(http::Request& request) {
  const TimePoint at = now();
  if (addresses_.is_on()) {
    // The principal's headers, when there is one, replace these.
    CHECK_OK(judge(request, "address", addresses_.take(network_of(request.caller.address), at)));
  }
  if (all_.is_on()) {
    const service::RateState state = all_.take(0, at);
    if (!state.admitted) return judge(request, "server", state);
  }
  return {};
}

Result<void> Hooks::admit_principal(http::Request& request) {
  if (!principals_.is_on()) return {};
  return judge(request, "principal", principals_.take(request.caller.principal.id, now()));
}

asio::awaitable<Result<void>> Hooks::take_quota(http::Request& request) {
  CO_TRY(const service::RequestQuota quota, co_await quotas_.take(request.caller.principal.org_id));
  request.quota_taken = quota.admitted;
  if (!quota.limit) co_return Result<void>();
  const auto header = [&](std::string name, std::int64_t value) {
    request.answer_headers.emplace_back(std::move(name), std::to_string(value));
  };
  header("X-Quota-Limit", *quota.limit);
  header("X-Quota-Remaining", std::max<std::int64_t>(0, *quota.limit - quota.used));
  header("X-Quota-Reset", to_unix_seconds(quota.resets_at));
  if (quota.admitted || request.route->action.starts_with("billing.")) co_return Result<void>();
  co_return domain::check_quota(domain::Metered::kRequests, quota.tier, quota.used, quota.limit);
}

void Hooks::give_back_quota(const http::Request& request) {
  quotas_.give_back(request.caller.principal.org_id);
}

std::optional<Principal> Hooks::recognize(std::string_view bearer_token) {
  return tokens_.recognize(bearer_token);
}

asio::awaitable<Result<Principal>> Hooks::authenticate(std::string_view bearer_token) {
  return tokens_.authenticate(bearer_token);
}

Result<void> Hooks::check_ip_rules(const Caller& caller) {
  if (any_contains(ip_deny_, caller.address) ||
      (!ip_allow_.empty() && !any_contains(ip_allow_, caller.address))) {
    return problems::forbidden("This address isn't allowed here.");
  }
  if (caller.principal.type != PrincipalType::kNone &&
      !ip_rules_.admits(caller.principal, caller.address)) {
    return problems::forbidden("The org's IP rules don't let this address in.");
  }
  return {};
}

bool Hooks::scope_allows(const Principal& principal, std::string_view needed) {
  return domain::scopes_cover(principal.scopes, needed);
}

asio::awaitable<Result<void>> Hooks::audit_refusal(http::Request& request, Problem& problem) {
  if (problem.approval) {
    Result<void> asked = co_await approvals_.ask(request.caller, problem);
    if (asked.ok() || asked.problem().status >= 500) co_return asked;
    problem = std::move(asked).problem();  // nobody can be asked, or too much is: refused for that
  }
  const bool unauthenticated = request.caller.principal.type == PrincipalType::kNone;
  const std::string& action = request.route->action;
  service::AuditEntry entry{
      .action = unauthenticated && problem.status == 401 ? "auth.failure" : action,
      .resource_type = action.substr(0, action.find('.')),
      .resource_id = resource_of(request),
      .details = {},
      .detail_members = {}};
  JsonMembers members(entry.detail_members);
  members.text("reason", problem.code).text("route_action", action);
  if (const auto vault_id = request.path_param("vault_id"); !vault_id.empty()) {
    members.text("vault_id", vault_id);
  }
  co_return co_await audit_.record_refusal(request.caller, request.caller.principal.org_id,
                                           std::move(entry), problem.status);
}

}  // namespace oneclaw::server

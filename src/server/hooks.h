// What the request pipeline asks of the rest of the server.
#pragma once

#include <vector>

#include "base/ip.h"
#include "http/pipeline.h"
#include "service/approvals.h"
#include "service/audit_log.h"
#include "service/rate_limiter.h"
#include "service/tokens.h"

namespace oneclaw::server {

class Hooks final : public http::PipelineHooks {
 public:
  Hooks(service::Tokens& tokens, service::AuditLog& audit, service::Approvals& approvals,
        int requests_per_second_per_address, std::vector<Cidr> ip_allow, std::vector<Cidr> ip_deny);

  Result<void> admit(const IpAddress& address) override;
  boost::asio::awaitable<Result<Principal>> authenticate(std::string_view bearer_token) override;
  Result<void> check_ip_rules(const Caller& caller) override;
  bool scope_allows(const Principal& principal, std::string_view needed) override;
  /// Into the caller's org's chain; into the server's own (nil org) when there is no principal.
  /// A refusal for want of an approval asks for it, and learns its id.
  boost::asio::awaitable<Result<void>> audit_refusal(http::Request& request,
                                                     Problem& problem) override;

 private:
  service::Tokens& tokens_;
  service::AuditLog& audit_;
  service::Approvals& approvals_;
  service::RateLimiter limiter_;
  std::vector<Cidr> ip_allow_;
  std::vector<Cidr> ip_deny_;
};

}  // namespace oneclaw::server

// What the request pipeline asks of the rest of the server.
#pragma once

#include <vector>

#include "base/ip.h"
#include "http/pipeline.h"
#include "service/approvals.h"
#include "service/audit_log.h"
#include "service/ip_rules.h"
#include "service/quotas.h"
#include "service/rate_limiter.h"
#include "service/tokens.h"

namespace oneclaw::server {

/// Requests a second; 0: no bound.
struct RateLimits {
  int all = 0;
  int per_address = 0;  ///< an IPv6 client's address counts as its /64
  int per_principal = 0;
};

class Hooks final : public http::PipelineHooks {
 public:
  Hooks(service::Tokens& tokens, service::AuditLog& audit, service::Approvals& approvals,
        service::IpRules& ip_rules, service::Quotas& quotas, RateLimits rates,
        std::vector<Cidr> ip_allow, std::vector<Cidr> ip_deny);

  Result<void> admit(http::Request& request) override;
  Result<void> admit_principal(http::Request& request) override;
  [[nodiscard]] bool has_quotas() const override { return quotas_.is_on(); }
  /// What is `billing.*` goes on when the quota is used up: there one sees it, and pays.
  boost::asio::awaitable<Result<void>> take_quota(http::Request& request) override;
  void give_back_quota(const http::Request& request) override;
  boost::asio::awaitable<Result<Principal>> authenticate(std::string_view bearer_token) override;
  std::optional<Principal> recognize(std::string_view bearer_token) override;
  Result<void> check_ip_rules(const Caller& caller) override;
  bool scope_allows(const Principal& principal, std::string_view needed) override;
  /// Into the caller's org's chain; into the server's own (nil org) when there is no principal.
  /// A refusal for want of an approval asks for it, and learns its id.
  boost::asio::awaitable<Result<void>> audit_refusal(http::Request& request,
                                                     Problem& problem) override;

 private:
  service::Tokens& tokens_;
  service::AuditLog& audit_;
  struct AddressHash {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };

  service::Approvals& approvals_;
  service::IpRules& ip_rules_;
  service::Quotas& quotas_;
  service::RateLimiter<int> all_;
  service::RateLimiter<IpAddress, AddressHash> addresses_;
  service::RateLimiter<Uuid> principals_;
  std::vector<Cidr> ip_allow_;
  std::vector<Cidr> ip_deny_;
};

}  // namespace oneclaw::server

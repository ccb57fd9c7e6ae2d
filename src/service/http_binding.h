// What an HTTP binding allows, and the request that it makes of an agent's wish.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "service/outbound_http.h"

namespace oneclaw::service {

/// Where the credential goes.
enum class AuthType : std::uint8_t { kBearer, kBasic, kHeader, kTemplate, kNone };

/// `config` of a binding:
///   base_url               required; paths are below it
///   auth_type              bearer (default), basic (the credential is user:password), header,
///                          template (where `{{credential}}` stands in a header or the body), none
///   header_name            for header; header_prefix goes before the value
///   allowed_hosts          hosts, `host:port` or `*.domain`; the base URL's host when absent
///   allowed_paths          paths, a `*` at the end for all below; every path when absent
///   allowed_methods        every method when absent
///   allowed_private_ranges CIDR blocks that may be reached though they aren't public; none
///   max_redirects          0 to 5 (0)
///   timeout_ms             1 to 60000 (15000)
///   max_response_bytes     1 to 1048576 (1048576)
/// `guardrails` narrow it further: allowed_hosts, allowed_paths, allowed_methods,
/// max_requests_per_minute, max_duration_ms.
class HttpBinding {
 public:
  /// 400 naming each field that is wrong or unknown: a limit must not be dropped silently.
  static Result<HttpBinding> parse(std::string_view config_json, std::string_view guardrails_json);

  /// The request of an agent's `params`: method, path or url, query, headers, body or json,
  /// timeout_ms. 400 names a wrong one; 403 what the binding does not allow.
  Result<OutboundRequest> make_request(const boost::json::object& params,
                                       const SecureString& credential) const;
  /// The request without the credential that shows whether the host answers.
  [[nodiscard]] OutboundRequest probe() const;
  [[nodiscard]] OutboundRules rules() const;
  [[nodiscard]] int most_per_minute() const { return most_per_minute_; }  ///< 0: no bound
  [[nodiscard]] bool needs_credential() const { return auth_ != AuthType::kNone; }

 private:
  struct Limits {
    std::vector<std::string> hosts;
    std::vector<std::string> paths;
    std::vector<std::string> methods;
  };
  class Reader;
  friend class RequestMaker;

  [[nodiscard]] Result<void> check_url(const OutboundUrl& url) const;
  [[nodiscard]] Result<void> check_method(std::string_view method) const;

  std::string base_url_;
  OutboundUrl base_;
  AuthType auth_ = AuthType::kBearer;
  std::string header_name_;
  std::string header_prefix_;
  Limits config_;
  Limits guardrails_;
  std::vector<Cidr> private_ranges_;
  int most_redirects_ = 0;
  std::int64_t timeout_ms_ = 15'000;
  std::int64_t most_response_bytes_ = 1 << 20;
  int most_per_minute_ = 0;
};

}  // namespace oneclaw::service

// One HTTP request to the outside, to where the rules let it and nowhere else. Blocks.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::service {

/// A parsed URL, as libcurl itself reads it.
struct OutboundUrl {
  std::string scheme;  ///< "https" or "http"
  std::string host;    ///< lower case, without brackets
  int port = 0;        ///< always set
  std::string path;    ///< still encoded

  /// 400 "url" for what isn't an absolute http(s) URL, or holds a user name or password.
  static Result<OutboundUrl> parse(const std::string& url);
};

struct OutboundRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, SecureString>> headers;
  SecureString body;
  bool has_body = false;
  std::chrono::milliseconds timeout{15'000};  ///< of the whole, redirects included
  std::size_t most_body_bytes = 1U << 20U;    ///< what is more is dropped
};

struct OutboundAnswer {
  int status = 0;
  std::vector<std::pair<std::string, SecureString>> headers;  ///< of the last answer
  SecureString body;                                          ///< decoded (gzip and the like)
  bool cut = false;                                           ///< the body was longer
  int redirects = 0;
};

struct OutboundRules {
  /// A problem for a URL that must not be asked; called for the first one and for each redirect.
  std::function<Result<void>(const OutboundUrl& url)> check;
  /// Addresses that may be reached though they aren't public.
  std::vector<Cidr> private_ranges;
  int most_redirects = 0;
};

/// The address is checked at connect time: the one that is checked is the one that is used, so a
/// name that resolves to another address the second time gains nothing. No proxy, no cookies, no
/// .netrc. TLS is always verified. A redirect from https to http is refused; 303 (and 301, 302
/// after POST) goes on as GET without a body (RFC 9110 §15.4). 403 for what the rules refuse, 400
/// for a URL that is none, 502 (code "upstream") when there is no answer.
Result<OutboundAnswer> send_outbound(const OutboundRequest& request, const OutboundRules& rules);

}  // namespace oneclaw::service

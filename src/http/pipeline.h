// The request pipeline, the same for every request, in this order:
//   request id > rate limit > authenticate > IP rules > handler (authorize, act, audit) > answer
// The rate of a principal is looked at once the principal is known, before the IP rules.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/caller.h"
#include "base/result.h"
#include "http/message.h"
#include "http/router.h"

namespace oneclaw::http {

/// What the pipeline asks of the rest of the server.
class PipelineHooks {
 public:
  virtual ~PipelineHooks() = default;

  /// 429 when the server or the caller's address has used up its rate. May set answer headers.
  virtual Result<void> admit(Request& request) = 0;
  /// The same for the principal, once it is known.
  virtual Result<void> admit_principal(Request& request) = 0;
  /// Whether orgs have quotas: if not, the next two are never called.
  virtual bool has_quotas() const { return false; }
  /// Takes one request of the org's quota; 402 when it is used up. May set answer headers.
  virtual boost::asio::awaitable<Result<void>> take_quota(Request& request) = 0;
  /// Gives it back, for a request that came to nothing.
  virtual void give_back_quota(const Request& request) = 0;
  /// The principal of a bearer token; 401 otherwise.
  virtual boost::asio::awaitable<Result<Principal>> authenticate(std::string_view bearer_token) = 0;
  /// authenticate() of a token that was seen before, without a wait; nullopt when it takes one.
  virtual std::optional<Principal> recognize(std::string_view /*bearer_token*/) {
    return std::nullopt;
  }
  /// 403 when an IP rule shuts the caller out.
  virtual Result<void> check_ip_rules(const Caller& caller) = 0;
  /// Whether the token's scopes cover `needed`.
  virtual bool scope_allows(const Principal& principal, std::string_view needed) = 0;
  /// Makes the refusal durable in the audit chain. The answer waits for it. May add to `problem`
  /// what only the store knows: the id of an approval that it asks for.
  virtual boost::asio::awaitable<Result<void>> audit_refusal(Request& request,
                                                             Problem& problem) = 0;
};

/// Runs `request` through every stage and always gives an answer. After routing: `Authorization:
/// Bearer` for every route that isn't public (or optional, and none is sent) (401 with
/// `WWW-Authenticate: Bearer` when missing or malformed), IP rules (also on public routes),
/// Access::kUser (403 for an agent), the route's scope (403), then the handler. A public route
/// ignores a token.
///
/// A refusal (401, 402, 403, 404 of a routed resource, 410, 429 from a handler) that the handler
/// has not audited goes to audit_refusal(), and so does a 500 because stored data was tampered with
/// (code "tampered" or "decryption-failed"); when that fails the answer is its 503. A routed
/// success (2xx) of a request that nobody audited is a bug: the answer is 500, not the data. Exempt
/// from this second rule are routes with an empty `action`. An exception from a handler is logged
/// and answered 500.
boost::asio::awaitable<Response> run_pipeline(const Router& router, PipelineHooks& hooks,
                                              Request& request);

}  // namespace oneclaw::http

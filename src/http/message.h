// Requests and responses as handlers see them; no Beast type shows here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::http {

enum class Method : std::uint8_t { kGet, kPost, kPut, kPatch, kDelete };
std::string_view to_string(Method method);
/// nullopt for a method that no route can have.
std::optional<Method> parse_method(std::string_view name);

struct Route;

/// A request whose head and body have been read. Views are valid while the handler runs.
class Request {
 public:
  /// The first header of that name (any case), or nullopt.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// A path parameter of the route's pattern, decoded; empty when the pattern has none such.
  [[nodiscard]] std::string_view path_param(std::string_view name) const;
  /// A UUID path parameter; 404 when it isn't a UUID, for then no such resource exists.
  [[nodiscard]] Result<Uuid> path_uuid(std::string_view name) const;
  /// A query parameter, decoded (`+` is a space); nullopt when absent. 400 was answered before the
  /// handler when one is repeated or badly encoded.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
  /// An integer query parameter within [least, most]; `fallback` when absent; 400 otherwise.
  [[nodiscard]] Result<std::int64_t> query_integer(std::string_view name, std::int64_t fallback,
                                                   std::int64_t least, std::int64_t most) const;
  [[nodiscard]] ByteView body() const { return body_; }

  // Set by the server and the pipeline. The views look into the connection's buffer, which is
  // wiped after the answer: `headers` may hold a bearer token.
  std::string_view method_name;  ///< as sent; may be one we do not know
  std::optional<Method> method;
  std::string_view target;    ///< as sent: path and query
  std::string_view raw_path;  ///< as sent, still encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::vector<std::pair<std::string, std::string>> path_params;
  std::vector<std::pair<std::string, std::string>> query_params;
  const Route* route = nullptr;
  Caller caller;
  SecureBytes body_;
  /// Sent with whatever the answer is: what is left of a rate or a quota.
  std::vector<std::pair<std::string, std::string>> answer_headers;
  bool quota_taken = false;  ///< one request of the org's quota was taken for this one
  /// What the handler and its route live in; let go of once the request is answered and logged.
  std::shared_ptr<const void> keep_alive;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  SecureString body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool no_store = false;  ///< sends `Cache-Control: no-store`: the body holds a secret or token
};

/// The application/problem+json response of `problem`, with `Retry-After`, `Allow` and (401)
/// `WWW-Authenticate`.
Response problem_response(const Problem& problem);

}  // namespace oneclaw::http

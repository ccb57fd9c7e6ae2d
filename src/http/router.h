// Router: method and path pattern to a route.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace oneclaw::http {

using Handler = std::function<boost::asio::awaitable<Result<Response>>(Request&)>;

/// Who may call a route.
enum class Access : std::uint8_t {
  kPublic,     ///< no token asked for
  kOptional,   ///< none asked for, but one that is sent must be valid
  kPrincipal,  ///< a user or an agent
  kUser,       ///< a user; an agent gets 403
};

struct Route {
  Method method = Method::kGet;
  /// `/v1/vaults/{vault_id}/secrets/{*path}`: a literal, `{name}` (one segment) or, last or
  /// followed by literal or `{name}` segments, `{*name}` (one or more segments).
  std::string pattern;
  Access access = Access::kPrincipal;
  std::string action;  ///< audit action, such as "secret.read"
  std::string scope;   ///< token scope needed, such as "secrets:read"; empty: none
  Handler handler;
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Throws std::logic_error when method and pattern are taken or the pattern is malformed.
  void add(Route route);

  struct Match {
    const Route* route;
    std::vector<std::pair<std::string, std::string>> params;  ///< percent-decoded
  };
  /// Literals win over `{name}`, `{name}` over `{*name}`. Decoding is strict: a bad escape,
  /// `%2f`, `%00`, an empty, `.` or `..` segment (encoded or not), or a path that is not UTF-8 is
  /// 400. No pattern: 404. A pattern but not the method: 405 with `allow` filled.
  Result<Match> match(std::string_view method, std::string_view raw_path) const;

  /// All routes, in the order they were added.
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace oneclaw::http

#include "server/gate.h"

#include <thread>
#include <utility>

#include "api/routes.h"

namespace oneclaw::server {

namespace asio = boost::asio;

Gate::Gate(crypto::Keyring& keyring) {
  api::add_health_routes(sealed_router_, keyring);
}

bool Gate::close(std::chrono::milliseconds longest) {
  const std::shared_ptr<const Handler> last = open_.exchange(nullptr);
  const auto until = std::chrono::steady_clock::now() + longest;
  while (last && last.use_count() > 1) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

asio::awaitable<http::Response> Gate::handle(http::Request& request) {
  std::shared_ptr<const Handler> open = open_.load();
  if (!open) return answer_sealed(request);
  const Handler& handler = *open;
  request.keep_alive = std::move(open);
  return handler(request);
}

asio::awaitable<http::Response> Gate::answer_sealed(http::Request& request) const {
  auto match = sealed_router_.match(request.method_name, request.raw_path);
  if (!match.ok()) co_return http::problem_response(crypto::sealed_problem());
  request.route = match->route;
  auto response = co_await match->route->handler(request);
  if (!response.ok()) co_return http::problem_response(response.problem());
  co_return std::move(response).value();
}

}  // namespace oneclaw::server

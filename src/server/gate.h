// The gate before everything that needs the root key: open, or sealed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/shared_slot.h"
#include "crypto/keyring.h"
#include "http/message.h"
#include "http/router.h"

namespace oneclaw::server {

/// Thread-safe.
class Gate {
 public:
  using Handler = std::function<boost::asio::awaitable<http::Response>(http::Request&)>;

  /// Sealed at first: /v1/health and /v1/health/hsm answer, all else is 503 "sealed".
  explicit Gate(crypto::Keyring& keyring);

  /// Requests go to `handler` from now on, and keep it alive until they are answered and logged.
  void open(std::shared_ptr<const Handler> handler) { open_.store(std::move(handler)); }
  /// Lets no more requests in, and waits until those inside are done or `longest` has passed.
  /// False in that case.
  bool close(std::chrono::milliseconds longest);

  boost::asio::awaitable<http::Response> handle(http::Request& request);

 private:
  boost::asio::awaitable<http::Response> answer_sealed(http::Request& request) const;

  http::Router sealed_router_;
  SharedSlot<const Handler> open_;
};

}  // namespace oneclaw::server

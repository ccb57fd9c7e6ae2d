// The HTTP/1.1 server: Boost.Beast on Asio coroutines, with or without TLS.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "http/message.h"

namespace oneclaw::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8118;       ///< 0: any free port
  unsigned threads = 0;            ///< 0: one per core
  std::filesystem::path tls_cert;  ///< PEM chain; both or neither
  std::filesystem::path tls_key;
  std::size_t most_header_bytes = 16U * 1024;
  std::size_t most_body_bytes = 1024U * 1024;
  std::chrono::milliseconds request_timeout{30'000};  ///< first byte of a request to its last
  std::chrono::milliseconds idle_timeout{60'000};     ///< between requests
  std::chrono::milliseconds drain_timeout{30'000};    ///< after stop()
  std::size_t most_connections = 10'000;
  std::vector<Cidr> trusted_proxies;  ///< whose X-Forwarded-For names the client
};

/// Gives the answer to one request; must not throw.
using RequestHandler = std::function<boost::asio::awaitable<Response>(Request&)>;

class Server {
 public:
  /// Binds and listens. 500 with a plain detail when the address is taken or a TLS file is bad.
  static Result<std::unique_ptr<Server>> create(ServerOptions options, RequestHandler handler);
  virtual ~Server() = default;

  /// The port that is listened on.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Serves until stop() and returns when every request in flight has been answered (or the
  /// drain time-out has passed).
  virtual void run() = 0;
  /// Stops accepting, lets requests in flight finish with `Connection: close`. Any thread.
  virtual void stop() = 0;
};

}  // namespace oneclaw::http

// A server on a loopback port and a client that sees every byte.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "http/server.h"

namespace oneclaw::http::testing {

/// Options for tests: one thread, time-outs that a test does not run into.
ServerOptions quick_options();

/// Answers with JSON that tells about the request. `/echo` gives the body back; `/wait/N` answers
/// after N ms; `/big/N` with N bytes; `/throw` throws; `/empty` is 204; `/store` is no_store.
boost::asio::awaitable<Response> tell(Request& request);

class TestServer {
 public:
  explicit TestServer(ServerOptions options = quick_options(), RequestHandler handler = tell);
  ~TestServer() { stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }
  /// Stops it and waits for run() to return; gives the time that took.
  std::chrono::milliseconds stop();

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

struct Reply {
  int status = 0;
  std::string head;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// A blocking connection; every read gives up after five seconds.
class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// TLS with at most `version` (0: any); false when the handshake fails. `alpn`: a protocol.
  bool start_tls(int version = 0, const std::string& alpn = "http/1.1");
  [[nodiscard]] const SSL* tls() const { return ssl_.get(); }

  /// False when the server has gone.
  bool send(std::string_view text);
  void finish_sending();
  /// The next answer; nullopt when the connection ends first.
  std::optional<Reply> read_reply(bool bodiless = false);
  std::optional<Reply> ask(std::string_view text) {
    return send(text) ? read_reply() : std::nullopt;
  }
  /// Whether the server ends the connection (and sends nothing more) within five seconds.
  bool closed();

 private:
  bool receive();

  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int socket_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string pending_;
  bool ended_ = false;  ///< an orderly end or a reset, not a time-out
};

/// `GET path` with a Host header and `more` header lines.
std::string get(std::string_view path, std::string_view more = {});
/// `POST path` with a body and its Content-Length.
std::string post(std::string_view path, std::string_view body, std::string_view more = {});

}  // namespace oneclaw::http::testing

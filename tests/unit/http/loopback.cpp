#include "loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <stdexcept>

namespace oneclaw::http::testing {
namespace asio = boost::asio;

ServerOptions quick_options() {
  ServerOptions options;
  options.port = 0;
  options.threads = 1;
  return options;
}

namespace {

std::size_t number_after(std::string_view path, std::string_view prefix) {
  return std::stoul(std::string{path.substr(prefix.size())});
}

asio::awaitable<void> pause(std::size_t milliseconds) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor};
  timer.expires_after(std::chrono::milliseconds{milliseconds});
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

asio::awaitable<Response> tell(Request& request) {
  const std::string_view path = request.raw_path;
  Response response;
  if (path == "/throw") throw std::runtime_error("boom");
  if (path == "/echo") {
    response.content_type = "application/octet-stream";
    response.body.append(as_text(request.body()));
    co_return response;
  }
  if (path.starts_with("/big/")) {
    response.body.resize(number_after(path, "/big/"));
    std::fill_n(response.body.data(), response.body.size(), 'b');
    co_return response;
  }
  if (path.starts_with("/wait/")) co_await pause(number_after(path, "/wait/"));
  if (path == "/empty") {
    response.status = 204;
    co_return response;
  }
  if (path == "/store") response.no_store = true;
  if (path == "/split") {
    response.headers = {{"X-Good", "1"}, {"X-Bad", "1\r\nX-Evil: 1"}, {"X-Bad\n", "1"}};
  }
  boost::json::object about;
  about["method"] = request.method_name;
  about["known"] = request.method.has_value();
  about["target"] = request.target;
  about["path"] = path;
  about["body"] = as_text(request.body());
  about["client"] = request.caller.address.to_string();
  about["id"] = request.caller.request_id;
  about["headers"] = request.headers.size();
  response.body.append(boost::json::serialize(about));
  co_return response;
}

TestServer::TestServer(ServerOptions options, RequestHandler handler) {
  spdlog::set_level(spdlog::level::warn);
  auto created = Server::create(std::move(options), std::move(handler));
  if (!created.ok()) throw std::runtime_error(created.problem().detail);
  server_ = std::move(created).value();
  thread_ = std::thread([this] { server_->run(); });
}

std::chrono::milliseconds TestServer::stop() {
  const auto start = std::chrono::steady_clock::now();
  server_->stop();
  if (thread_.joinable()) thread_.join();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

Client::Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ended_ = true;
  }
}

Client::~Client() {
  ::close(socket_);
}

bool Client::start_tls(int version, const std::string& alpn) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context_.get(), 0);  // lets TLS 1.1 be offered
  SSL_CTX_set_cipher_list(context_.get(), "ALL");
  if (version != 0) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
  }
  ssl_.reset(SSL_new(context_.get()));
  std::string offer(1, static_cast<char>(alpn.size()));
  offer += alpn;
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                      static_cast<unsigned>(offer.size()));
  SSL_set_fd(ssl_.get(), socket_);
  return SSL_connect(ssl_.get()) == 1;
}

bool Client::send(std::string_view text) {
  while (!text.empty()) {
    const auto count = ssl_ ? static_cast<ssize_t>(
                                  SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())))
                            : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Client::finish_sending() {
  shutdown(socket_, SHUT_WR);
}

bool Client::receive() {
  if (ended_) return false;
  std::array<char, 16384> room;
  const auto count = ssl_ ? static_cast<ssize_t>(SSL_read(ssl_.get(), room.data(), room.size()))
                          : ::recv(socket_, room.data(), room.size(), 0);
  if (count <= 0) {
    ended_ = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(count)) == SSL_ERROR_ZERO_RETURN
                  : count == 0 || errno == ECONNRESET;
    return false;
  }
  pending_.append(room.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<Reply> Client::read_reply(bool bodiless) {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return std::nullopt;
  }
  Reply reply;
  reply.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  std::size_t line = reply.head.find("\r\n") + 2;
  while (line < reply.head.size()) {
    const std::size_t stop = reply.head.find("\r\n", line);
    const std::size_t colon = reply.head.find(": ", line);
    std::string name = reply.head.substr(line, colon - line);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(reply.headers.count(name), 0U) << name;
    reply.headers[name] = reply.head.substr(colon + 2, stop - colon - 2);
    line = stop + 2;
  }
  if (bodiless || reply.headers.count("content-length") == 0) return reply;
  const std::size_t size = std::stoul(reply.headers["content-length"]);
  while (pending_.size() < size) {
    if (!receive()) return std::nullopt;
  }
  reply.body = pending_.substr(0, size);
  pending_.erase(0, size);
  return reply;
}

bool Client::closed() {
  return pending_.empty() && !receive() && ended_;
}

std::string get(std::string_view path, std::string_view more) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{more} + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view more) {
  return "POST " + std::string{path} +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string{more} + "\r\n" + std::string{body};
}

}  // namespace oneclaw::http::testing

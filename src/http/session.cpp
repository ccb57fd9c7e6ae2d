#include "http/session.h"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <memory>

#include "http/client_address.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/router.h"
#include "http/wiped_buffer.h"

namespace oneclaw::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using TlsStream = asio::ssl::stream<Socket>;
using Buffers = std::array<asio::const_buffer, 2>;

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::chrono::milliseconds kCloseTime{1'000};
constexpr std::size_t kMostHeaders = 100;

asio::const_buffer to_buffer(std::string_view text) {
  return {text.data(), text.size()};
}

/// What a client may choose as a request id: 1-64 characters of [A-Za-z0-9._-].
bool valid_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

Problem request_timed_out() {
  Problem problem;
  problem.status = 408;
  problem.code = "request-timeout";
  problem.detail = "The request took too long to arrive.";
  return problem;
}

template <class Stream>
class Session final : public Connection {
 public:
  Session(Worker& worker, Stream stream, IpAddress peer)
      : worker_(worker), core_(worker.core()), stream_(std::move(stream)), peer_(peer) {
    worker.add(*this);
  }
  ~Session() override { core_.connections.fetch_sub(1, std::memory_order_relaxed); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  asio::awaitable<void> run() {
    bool open = co_await open_stream();
    while (open) open = co_await exchange();
    co_await close();
  }

  void cancel() noexcept override {
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).cancel(ignored);
  }

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  enum class Read : std::uint8_t {
    kRequest,  ///< there is one to answer
    kRefused,  ///< problem_ is the answer, and the connection ends
    kGone,     ///< nobody to answer
  };

  asio::awaitable<bool> open_stream();
  asio::awaitable<bool> exchange();
  asio::awaitable<Read> read_request();
  asio::awaitable<Read> read_head();
  asio::awaitable<Read> read_body();
  asio::awaitable<bool> write(Buffers buffers);
  asio::awaitable<void> close();

  void begin_request();
  void end_request();
  void identify();
  void log_request(int status, SteadyClock::time_point started) const;
  Read refuse(Problem problem) {
    problem_ = std::move(problem);
    return Read::kRefused;
  }
  /// After a failed read in the middle of a request.
  Read read_failed() { return expired() ? refuse(request_timed_out()) : Read::kGone; }
  [[nodiscard]] bool stopping() const { return core_.stopping.load(std::memory_order_relaxed); }

  Worker& worker_;
  ServerCore& core_;
  Stream stream_;
  IpAddress peer_;
  bool answered_ = false;  ///< the last thing we did was to answer
  WipedBuffer buffer_;     ///< the head of the request, which holds views of it
  WipedBuffer overflow_;   ///< the body that did not come with the head
  std::optional<RequestParser> parser_;
  Request request_;
  Problem problem_;
  std::string head_;  ///< of the response
};

template <class Stream>
asio::awaitable<bool> Session<Stream>::open_stream() {
  if constexpr (kTls) {
    expire_after(core_.options.request_timeout);
    beast::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
    co_return !error;
  }
  co_return true;
}

/// Reads one request and answers it. False when the connection is to end.
template <class Stream>
asio::awaitable<bool> Session<Stream>::exchange() {
  begin_request();
  const Read read = co_await read_request();
  if (read == Read::kGone) {
    answered_ = false;
    end_request();
    co_return false;
  }
  const auto started = SteadyClock::now();
  deadline_ = kNever;
  identify();
  Response response;
  bool keep = false;
  if (read == Read::kRequest) {
    bool failed = false;
    try {
      response = co_await core_.handler(request_);
    } catch (...) {
      failed = true;
    }
    if (failed) {
      spdlog::error("exception in the request handler id={}", request_.caller.request_id);
      response = problem_response(problems::internal());
    }
    keep = parser_->keep_alive() && !stopping();
  } else {
    response = problem_response(problem_);
  }
  ResponseFrame frame;
  frame.request_id = request_.caller.request_id;
  frame.date = worker_.date();
  frame.close = !keep;
  write_response_head(head_, response, frame);
  const bool bodiless = response.status == 204 || request_.method_name == "HEAD";
  const std::string_view body = bodiless ? std::string_view{} : response.body.view();
  const Buffers buffers{to_buffer(head_), to_buffer(body)};
  answered_ = co_await write(buffers);
  log_request(response.status, started);
  end_request();
  co_return keep&& answered_;
}

template <class Stream>
void Session<Stream>::begin_request() {
  parser_.emplace(request_, core_.options.most_header_bytes, core_.options.most_body_bytes);
  idle_ = buffer_.empty();
  expire_after(idle_ ? core_.options.idle_timeout : core_.options.request_timeout);
}

/// Forgets the request, all but the first bytes of the next one.
template <class Stream>
void Session<Stream>::end_request() {
  auto headers = std::move(request_.headers);
  headers.clear();
  request_ = Request{};
  if (headers.capacity() <= kMostHeaders) request_.headers = std::move(headers);
  if (!overflow_.empty()) std::swap(buffer_, overflow_);
  buffer_.recycle();
  overflow_.release();
}

template <class Stream>
auto Session<Stream>::read_request() -> asio::awaitable<Read> {
  Read read = co_await read_head();
  if (read == Read::kRequest && !parser_->done()) read = co_await read_body();
  co_return read;
}

template <class Stream>
auto Session<Stream>::read_head() -> asio::awaitable<Read> {
  HeadScanner scanner;
  for (;;) {
    const std::string_view text = buffer_.readable();
    const HeadScanner::State state = scanner.scan(text);
    if (state == HeadScanner::State::kBad) {
      co_return refuse(problems::bad_request("The request is not well-formed HTTP."));
    }
    const std::size_t limit = core_.options.most_header_bytes;
    if (state == HeadScanner::State::kFound) {
      if (scanner.size() > limit) co_return refuse(header_too_large());
      const Result<void> parsed = parser_->parse_head(text.substr(scanner.start(), scanner.size()));
      buffer_.consume(scanner.start() + scanner.size());
      if (!parsed.ok()) co_return refuse(parsed.problem());
      co_return Read::kRequest;
    }
    if (text.size() > limit) co_return refuse(header_too_large());

    const std::span<char> room = buffer_.prepare(1);
    beast::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const auto space = asio::buffer(room.data(), room.size());
    const std::size_t count = co_await stream_.async_read_some(space, token);
    if (error) {
      if (idle_) co_return Read::kGone;
      co_return read_failed();
    }
    buffer_.commit(count);
    if (idle_) {
      idle_ = false;
      expire_after(core_.options.request_timeout);
    }
  }
}

template <class Stream>
auto Session<Stream>::read_body() -> asio::awaitable<Read> {
  const Result<std::size_t> first = parser_->parse_body(buffer_.readable());
  if (!first.ok()) co_return refuse(first.problem());
  buffer_.consume(first.value());
  if (parser_->done()) co_return Read::kRequest;
  overflow_.append(buffer_.readable());
  buffer_.consume(buffer_.size());

  if (parser_->expects_continue() && request_.body_.empty()) {
    const Buffers interim{to_buffer("HTTP/1.1 100 Continue\r\n\r\n"), asio::const_buffer{}};
    const bool written = co_await write(interim);
    if (!written) co_return Read::kGone;
  }
  while (!parser_->done()) {
    // What the parser leaves is the start of a chunk's or the trailer's lines.
    if (overflow_.size() > core_.options.most_header_bytes) co_return refuse(header_too_large());
    overflow_.recycle();
    const std::span<char> room = overflow_.prepare(kReadBytes);
    beast::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    const auto space = asio::buffer(room.data(), room.size());
    const std::size_t count = co_await stream_.async_read_some(space, token);
    if (error) co_return read_failed();
    overflow_.commit(count);
    const Result<std::size_t> taken = parser_->parse_body(overflow_.readable());
    if (!taken.ok()) co_return refuse(taken.problem());
    overflow_.consume(taken.value());
  }
  co_return Read::kRequest;
}

/// Writes all of `buffers` within the request time-out.
template <class Stream>
asio::awaitable<bool> Session<Stream>::write(Buffers buffers) {
  beast::error_code error;
  beast::buffers_suffix<Buffers> rest{buffers};
  if constexpr (!kTls) {
    // A socket nearly always takes an answer at once: no need to go by the event loop.
    rest.consume(stream_.write_some(buffers, error));
    if (error && error != asio::error::would_block) co_return false;
    if (asio::buffer_size(rest) == 0) co_return true;
    error = {};
  }
  const SteadyClock::time_point read_deadline = deadline_;
  expire_after(core_.options.request_timeout);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_write(stream_, rest, token);
  deadline_ = read_deadline;
  co_return !error;
}

/// Ends the connection so that the client gets to read the last answer: a close with unread input
/// would reset it (RFC 9112 §9.6).
template <class Stream>
asio::awaitable<void> Session<Stream>::close() {
  if (!answered_) co_return;
  expire_after(kCloseTime);
  beast::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if constexpr (kTls) {
    co_await stream_.async_shutdown(token);
  } else {
    stream_.shutdown(Socket::shutdown_send, error);
    while (!error && !expired()) {
      buffer_.consume(buffer_.size());
      buffer_.recycle();
      const std::span<char> room = buffer_.prepare(1);
      const auto space = asio::buffer(room.data(), room.size());
      co_await stream_.async_read_some(space, token);
    }
  }
}

/// Gives the request its id and its client's address.
template <class Stream>
void Session<Stream>::identify() {
  const auto id = request_.header("X-Request-Id");
  if (id && valid_request_id(*id)) {
    request_.caller.request_id = *id;
  } else {
    request_.caller.request_id = worker_.new_request_id();
  }
  const auto& trusted = core_.options.trusted_proxies;
  request_.caller.address = trusted.empty() ? peer_ : client_address(peer_, request_, trusted);
}

template <class Stream>
void Session<Stream>::log_request(int status, SteadyClock::time_point started) const {
  spdlog::logger* log = spdlog::default_logger_raw();
  if (log == nullptr || !log->should_log(spdlog::level::info)) return;
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started);
  log->info("request method={} route={} status={} us={} id={} client={}",
            request_.method ? to_string(*request_.method) : "other",
            request_.route != nullptr ? std::string_view{request_.route->pattern} : "-", status,
            micros.count(), request_.caller.request_id, request_.caller.address.to_string());
}

template <class Stream>
asio::awaitable<void> serve(std::unique_ptr<Session<Stream>> session) {
  co_await session->run();
}

template <class Stream>
void spawn(Worker& worker, Stream stream, IpAddress peer) {
  auto session = std::make_unique<Session<Stream>>(worker, std::move(stream), peer);
  asio::co_spawn(worker.io(), serve(std::move(session)), [](const std::exception_ptr& error) {
    if (error) spdlog::error("a connection ended with an exception");
  });
}

}  // namespace

void start_session(Worker& worker, Socket socket) {
  beast::error_code error;
  // Once a worker is stopping, its last sweep may be over.
  if (worker.core().stopping.load()) error = asio::error::shut_down;
  asio::ip::tcp::endpoint remote;
  if (!error) remote = socket.remote_endpoint(error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(asio::ip::tcp::no_delay{true}, error);
  if (error) {
    worker.core().connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const IpAddress peer = to_ip_address(remote.address());
  if (auto& tls = worker.core().tls) {
    spawn(worker, TlsStream{std::move(socket), *tls}, peer);
  } else {
    spawn(worker, std::move(socket), peer);
  }
}

void refuse_connection(Worker& worker, Socket socket) {
  if (worker.core().tls) return;
  const Response response = problem_response(problems::unavailable("Too many connections."));
  const std::string id = worker.new_request_id();
  ResponseFrame frame;
  frame.request_id = id;
  frame.date = worker.date();
  frame.close = true;
  std::string head;
  write_response_head(head, response, frame);
  const Buffers buffers{to_buffer(head), to_buffer(response.body.view())};
  beast::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(buffers, ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
}

}  // namespace oneclaw::http

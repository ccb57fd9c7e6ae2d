// One I/O thread: its io_context, its connections and their deadlines.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace oneclaw::http {

using SteadyClock = std::chrono::steady_clock;

/// What all threads of a server share.
struct ServerCore {
  ServerOptions options;
  RequestHandler handler;
  std::optional<boost::asio::ssl::context> tls;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};
};

/// A connection as its worker sees it. It leaves the worker's list by itself.
class Connection : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  static constexpr SteadyClock::time_point kNever = SteadyClock::time_point::max();

  virtual ~Connection() = default;
  /// Ends the read or write in progress with an error.
  virtual void cancel() noexcept = 0;

  [[nodiscard]] SteadyClock::time_point deadline() const { return deadline_; }
  /// Waiting for the first byte of a request.
  [[nodiscard]] bool idle() const { return idle_; }

 protected:
  void expire_after(std::chrono::milliseconds time) { deadline_ = SteadyClock::now() + time; }
  [[nodiscard]] bool expired() const { return SteadyClock::now() >= deadline_; }

  SteadyClock::time_point deadline_ = kNever;
  bool idle_ = false;
};

/// All but stop() and io() belong to the thread that is in run().
class Worker {
 public:
  explicit Worker(ServerCore& core);

  /// Serves connections until stop() and the last of them has gone, or the drain time has passed.
  void run();
  /// From any thread, after ServerCore::stopping has been set.
  void stop();

  /// After run(): whether the drain time passed with connections left.
  [[nodiscard]] bool unfinished() const { return !connections_.empty(); }
  boost::asio::io_context& io() { return io_; }
  ServerCore& core() { return core_; }
  void add(Connection& connection) { connections_.push_back(connection); }
  /// 16 random bytes in hex.
  std::string new_request_id();
  /// The time as RFC 9110 §5.6.7 writes it, at most one sweep old.
  [[nodiscard]] std::string_view date() const { return {date_.data(), date_.size()}; }

 private:
  /// Ends what is past its deadline, and comes back after a while. One timer for all
  /// connections: a timer for each would cost a heap operation for each read.
  void sweep();
  void write_date();

  static constexpr std::size_t kIdBytes = 16;

  ServerCore& core_;
  boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections_;
  std::array<std::uint8_t, kIdBytes * 64> id_pool_{};
  std::size_t id_pool_used_ = 0;
  std::array<char, 29> date_{};
  std::time_t date_second_ = 0;
  SteadyClock::duration sweep_period_;
  SteadyClock::time_point drain_deadline_ = Connection::kNever;
  boost::asio::io_context io_;
  boost::asio::steady_timer sweep_timer_;
};

}  // namespace oneclaw::http

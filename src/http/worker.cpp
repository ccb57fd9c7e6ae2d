#include "http/worker.h"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/encoding.h"

namespace oneclaw::http {

namespace asio = boost::asio;

Worker::Worker(ServerCore& core)
    : core_(core),
      id_pool_used_(id_pool_.size()),
      sweep_period_(
          std::clamp(std::min(core.options.request_timeout, core.options.idle_timeout) / 8,
                     std::chrono::milliseconds{10}, std::chrono::milliseconds{500})),
      io_(1),
      sweep_timer_(io_) {}

void Worker::run() {
  sweep();
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("io thread: exception type={}", typeid(error).name());
    }
  }
}

void Worker::stop() {
  asio::post(io_, [this] {
    drain_deadline_ = SteadyClock::now() + core_.options.drain_timeout;
    sweep_period_ = std::chrono::milliseconds{10};
    sweep_timer_.cancel();  // sweeps now
  });
}

std::string Worker::new_request_id() {
  if (id_pool_used_ == id_pool_.size()) {
    randombytes_buf(id_pool_.data(), id_pool_.size());
    id_pool_used_ = 0;
  }
  const ByteView bytes{id_pool_.data() + id_pool_used_, kIdBytes};
  id_pool_used_ += kIdBytes;
  return to_hex(bytes);
}

void Worker::sweep() {
  write_date();
  const auto now = SteadyClock::now();
  const bool stopping = core_.stopping.load(std::memory_order_relaxed);
  for (Connection& connection : connections_) {
    if (connection.deadline() <= now || (stopping && connection.idle())) connection.cancel();
  }
  if (stopping) {
    if (connections_.empty()) return;
    if (now >= drain_deadline_) {
      spdlog::warn("drain time has passed with requests in flight");
      io_.stop();
      return;
    }
  }
  sweep_timer_.expires_after(sweep_period_);
  sweep_timer_.async_wait([this](const boost::system::error_code&) { sweep(); });
}

void Worker::write_date() {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t second = std::time(nullptr);
  if (second == date_second_) return;
  date_second_ = second;
  std::tm utc{};
  gmtime_r(&second, &utc);
  fmt::format_to_n(date_.data(), date_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                   kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                   utc.tm_min, utc.tm_sec);
}

}  // namespace oneclaw::http

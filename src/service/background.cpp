#include "service/background.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <typeinfo>
#include <utility>

#include "service/leases.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kBusyDelay{500};

}  // namespace

struct Background::Loop {
  std::string name;
  std::chrono::milliseconds period;
  Task task;
  asio::steady_timer timer;
  asio::steady_timer renewal;
  bool leased;
  bool again = false;  ///< woken since its last run began
};

Background::Background(Leases* leases) : leases_(leases) {}
Background::~Background() {
  stop();
}

void Background::every(std::string name, std::chrono::milliseconds period, Task task) {
  loops_.push_back(std::make_unique<Loop>(Loop{std::move(name), period, std::move(task),
                                               asio::steady_timer(context_),
                                               asio::steady_timer(context_), leases_ != nullptr}));
}

void Background::every_here(std::string name, std::chrono::milliseconds period, Task task) {
  every(std::move(name), period, std::move(task));
  loops_.back()->leased = false;
}

void Background::start() {
  for (const auto& loop : loops_) {
    asio::co_spawn(context_, run(*loop), asio::detached);
  }
  thread_ = std::thread([this] { context_.run(); });
}

asio::awaitable<void> Background::run(Loop& loop) {
  bool woken = false;
  while (!stopping_) {
    loop.again = false;
    const bool ran = co_await run_once(loop, woken);
    if (stopping_) co_return;
    if (loop.again && ran) {
      woken = true;
      continue;
    }
    // What it was woken for is still to be done when another node was at it just then.
    const bool try_again = (woken || loop.again) && !ran;
    loop.timer.expires_after(try_again ? std::min(kBusyDelay, loop.period) : loop.period);
    boost::system::error_code cancelled;
    co_await loop.timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    woken = try_again || loop.again;
  }
}

/// False when another node has the lease.
asio::awaitable<bool> Background::run_once(Loop& loop, bool woken) {
  if (!loop.leased) {
    co_await run_task(loop);
    co_return true;
  }
  const TimePoint begun = now();
  // A little less than the period, so that this node's next turn is not missed by a hair.
  const auto period = woken ? std::chrono::milliseconds(0) : loop.period * 9 / 10;
  if (!co_await leases_->take(loop.name, period)) co_return false;
  const auto over = std::make_shared<bool>(false);
  asio::co_spawn(context_, renew(loop, over), asio::detached);
  co_await run_task(loop);
  *over = true;
  loop.renewal.cancel();
  co_await leases_->release(loop.name, begun);
  co_return true;
}

asio::awaitable<void> Background::run_task(Loop& loop) {
  try {
    co_await loop.task();
  } catch (const std::exception& error) {
    spdlog::error("background task failed task={} type={}", loop.name, typeid(error).name());
  }
}

asio::awaitable<void> Background::renew(Loop& loop, std::shared_ptr<const bool> over) {
  while (!*over) {
    loop.renewal.expires_after(Leases::kRenewal);
    boost::system::error_code cancelled;
    co_await loop.renewal.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (!cancelled && !*over) co_await leases_->keep(loop.name);
  }
}

void Background::wake(std::string_view name) {
  for (const auto& loop : loops_) {
    if (loop->name != name) continue;
    asio::post(context_, [task = loop.get()] {
      task->again = true;
      task->timer.cancel();
    });
  }
}

void Background::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  asio::post(context_, [this] {
    for (const auto& loop : loops_) loop->timer.cancel();
  });
  thread_.join();
}

}  // namespace oneclaw::service

#include "service/background.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <typeinfo>
#include <utility>

namespace oneclaw::service {

namespace asio = boost::asio;

struct Background::Loop {
  std::string name;
  std::chrono::milliseconds period;
  Task task;
  asio::steady_timer timer;
  bool again = false;  ///< woken while it ran
};

Background::Background() = default;
Background::~Background() {
  stop();
}

void Background::every(std::string name, std::chrono::milliseconds period, Task task) {
  loops_.push_back(std::make_unique<Loop>(
      Loop{std::move(name), period, std::move(task), asio::steady_timer(context_), false}));
}

void Background::start() {
  for (const auto& loop : loops_) {
    asio::co_spawn(context_, run(*loop), asio::detached);
  }
  thread_ = std::thread([this] { context_.run(); });
}

asio::awaitable<void> Background::run(Loop& loop) {
  while (!stopping_) {
    loop.again = false;
    try {
      co_await loop.task();
    } catch (const std::exception& error) {
      spdlog::error("background task failed task={} type={}", loop.name, typeid(error).name());
    }
    if (loop.again || stopping_) continue;
    loop.timer.expires_after(loop.period);
    boost::system::error_code woken;
    co_await loop.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
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

#include "service/background.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

namespace oneclaw::service {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Waits until `count` is at least `least`; false after ten seconds.
bool reaches(const std::atomic<int>& count, int least) {
  for (int i = 0; i < 1000 && count < least; ++i) std::this_thread::sleep_for(10ms);
  return count >= least;
}

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

TEST(Background, RunsEveryPeriod) {
  std::atomic<int> runs{0};
  Background background;
  background.every("a", 1ms, [&]() -> asio::awaitable<void> {
    ++runs;
    co_return;
  });
  background.start();
  EXPECT_TRUE(reaches(runs, 5));
}

TEST(Background, WakesBeforeThePeriodIsOver) {
  std::atomic<int> a{0};
  std::atomic<int> b{0};
  Background background;
  const auto counting = [](std::atomic<int>& runs) {
    return [&runs]() -> asio::awaitable<void> {
      ++runs;
      co_return;
    };
  };
  background.every("a", 1h, counting(a));
  background.every("b", 1h, counting(b));
  background.start();
  ASSERT_TRUE(reaches(a, 1) && reaches(b, 1));
  background.wake("a");
  background.wake("nobody");
  EXPECT_TRUE(reaches(a, 2));
  EXPECT_EQ(b, 1);
}

TEST(Background, WokenWhileItRunsRunsOnceMore) {
  std::atomic<int> started{0};
  Background background;
  background.every("a", 1h, [&]() -> asio::awaitable<void> {
    ++started;
    co_await pause(100ms);
  });
  background.start();
  ASSERT_TRUE(reaches(started, 1));
  background.wake("a");
  background.wake("a");
  EXPECT_TRUE(reaches(started, 2));
  std::this_thread::sleep_for(250ms);
  EXPECT_EQ(started, 2);
}

TEST(Background, StopAwaitsWhatRuns) {
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  Background background;
  background.every("a", 1ms, [&]() -> asio::awaitable<void> {
    ++started;
    co_await pause(200ms);
    ++ended;
  });
  background.start();
  ASSERT_TRUE(reaches(started, 1));
  background.stop();
  EXPECT_TRUE(background.stopping());
  EXPECT_EQ(started, ended);
}

TEST(Background, OutlivesATaskThatThrows) {
  std::atomic<int> runs{0};
  Background background;
  background.every("a", 1ms, [&]() -> asio::awaitable<void> {
    ++runs;
    throw std::runtime_error("x");
    co_return;
  });
  background.start();
  EXPECT_TRUE(reaches(runs, 3));
}

TEST(Background, MayNeverStart) {
  Background background;
  background.every("a", 1ms, []() -> asio::awaitable<void> { co_return; });
}

}  // namespace
}  // namespace oneclaw::service

#include "service/leases.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <memory>
#include <thread>

#include "service/background.h"

namespace oneclaw::service {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Three nodes' tasks over one store.
class LeasesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "oneclaw-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store::SqliteOptions options;
    options.file = folder_ / "oneclaw.db";
    store_ = std::move(store::open_sqlite(options)).value();
    for (std::size_t i = 0; i < 3; ++i) {
      leases_[i] = std::make_unique<Leases>(*store_);
      nodes_[i] = std::make_unique<Background>(leases_[i].get());
    }
  }
  void TearDown() override {
    stop_all();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void on_all(std::chrono::milliseconds period, const Background::Task& task) {
    for (auto& node : nodes_) node->every("task", period, task);
    for (auto& node : nodes_) node->start();
  }

  /// Before what a task refers to goes out of scope.
  void stop_all() {
    for (auto& node : nodes_) node.reset();
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::array<std::unique_ptr<Leases>, 3> leases_;
  std::array<std::unique_ptr<Background>, 3> nodes_;
};

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

TEST_F(LeasesTest, ATaskRunsOnceInItsPeriodOverAllNodes) {
  std::atomic<int> runs{0};
  on_all(1h, [&]() -> asio::awaitable<void> {
    ++runs;
    co_return;
  });
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(runs, 1);
  stop_all();
}

TEST_F(LeasesTest, ATaskNeverOverlapsItselfOnAnotherNode) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> runs{0};
  on_all(5ms, [&]() -> asio::awaitable<void> {
    most = std::max(most.load(), ++inside);
    co_await pause(10ms);
    --inside;
    ++runs;
  });
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(most, 1);
  EXPECT_GT(runs, 5);
  stop_all();
}

TEST_F(LeasesTest, AWakeOnAnyNodeRunsTheTask) {
  std::atomic<int> runs{0};
  on_all(1h, [&]() -> asio::awaitable<void> {
    ++runs;
    co_await pause(50ms);
  });
  for (int expected = 1; expected <= 4; ++expected) {
    for (int i = 0; i < 500 && runs < expected; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_EQ(runs, expected);
    // While it still runs on one node: another's wake must not be lost.
    nodes_[static_cast<std::size_t>(expected) % 3]->wake("task");
  }
  stop_all();
}

TEST_F(LeasesTest, ANodeThatIsGoneIsFollowedByAnother) {
  std::atomic<int> runs{0};
  on_all(20ms, [&]() -> asio::awaitable<void> {
    ++runs;
    co_return;
  });
  std::this_thread::sleep_for(200ms);
  nodes_[0]->stop();
  nodes_[1]->stop();
  const int before = runs;
  std::this_thread::sleep_for(500ms);
  EXPECT_GT(runs, before);
  stop_all();
}

}  // namespace
}  // namespace oneclaw::service

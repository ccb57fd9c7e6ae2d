#include "crypto/call_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace oneclaw::crypto {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(CallThreads, GiveUpOnACallThatDoesNotReturnAndGoOnWithOthers) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  CallThreads threads(2);
  EXPECT_FALSE(threads.run([gate] { gate.wait(); }, milliseconds(1)));
  std::atomic<bool> ran = false;
  EXPECT_TRUE(threads.run([&] { ran = true; }, hours(1)));
  EXPECT_TRUE(ran);
  EXPECT_TRUE(threads.run([] { throw std::runtime_error("lost"); }, hours(1)));
  go_on.set_value();
}

TEST(CallThreads, ACallThatWasGivenUpBeforeItBeganNeverRuns) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  CallThreads threads(1);
  threads.post([gate] { gate.wait(); });
  const auto ran = std::make_shared<std::atomic<bool>>(false);
  EXPECT_FALSE(threads.run([ran] { *ran = true; }, milliseconds(1)));
  go_on.set_value();
  EXPECT_TRUE(threads.run([] {}, hours(1)));  // the one thread is past it
  EXPECT_FALSE(*ran);
}

TEST(CallThreads, EndWhileACallHangs) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::promise<void> returned;
  auto past = returned.get_future();
  {
    CallThreads threads(1);
    threads.post([&begun, &returned, gate = go_on.get_future().share()] {
      begun.set_value();
      gate.wait();
      returned.set_value();
    });
    begun.get_future().wait();
  }
  go_on.set_value();
  past.wait();
}

}  // namespace
}  // namespace oneclaw::crypto

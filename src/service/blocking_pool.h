// A few threads for work that blocks or burns: Argon2, an outside HTTP fetch. Bounded.
#pragma once

#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace oneclaw::service {

class BlockingPool {
 public:
  /// `most_waiting`: calls that may wait or run at once; further ones get 503.
  BlockingPool(std::size_t threads, std::size_t most_waiting)
      : pool_(threads), most_waiting_(most_waiting) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `f() -> Result<T>` on the pool; the coroutine resumes on its own executor.
  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&>> run(F f) {
    if (waiting_.fetch_add(1) >= most_waiting_) {
      waiting_.fetch_sub(1);
      co_return problems::unavailable("The server is busy; try again soon.", 1);
    }
    std::optional<std::invoke_result_t<F&>> outcome;
    auto work = [&] { outcome.emplace(f()); };
    co_await execute(
        WorkRef{&work, [](void* object) { (*static_cast<decltype(work)*>(object))(); }});
    waiting_.fetch_sub(1);
    co_return std::move(*outcome);
  }

 private:
  struct WorkRef {
    void* object;
    void (*call)(void*);
  };
  boost::asio::awaitable<void> execute(WorkRef work);

  boost::asio::thread_pool pool_;
  std::size_t most_waiting_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace oneclaw::service

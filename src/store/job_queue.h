// Work on its way to a database thread, and its way back.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace oneclaw::store {

/// Resumes one suspended coroutine on its own executor, which it keeps at work until then.
class Resumption {
 public:
  virtual ~Resumption() = default;
  /// The execution context that the coroutine lives on.
  [[nodiscard]] virtual const void* home() const = 0;
  /// Resumes it here. On a thread of home()'s alone.
  virtual void resume() = 0;
  /// Resumes all of `group`, which have the same home, of which this is one.
  virtual void post(std::vector<std::unique_ptr<Resumption>> group) = 0;
  /// Runs `f` at home(), behind what is ready to run there now.
  virtual void post(std::function<void()> f) = 0;
};

template <class Handler>
class PostedResumption final : public Resumption {
 public:
  explicit PostedResumption(Handler handler)
      : handler_(std::move(handler)), home_(boost::asio::get_associated_executor(handler_)) {}

  [[nodiscard]] const void* home() const override {
    return &boost::asio::query(home_.get_executor(), boost::asio::execution::context);
  }
  void resume() override { std::move(handler_)(); }
  void post(std::vector<std::unique_ptr<Resumption>> group) override {
    // One handler for all: one lock of the context's queue, and one wake-up of its thread.
    boost::asio::post(home_.get_executor(), [moved = std::move(group)]() mutable {
      for (std::unique_ptr<Resumption>& one : moved) {
        const std::unique_ptr<Resumption> last = std::move(one);
        last->resume();
      }
    });
  }

  void post(std::function<void()> f) override {
    boost::asio::post(home_.get_executor(), std::move(f));
  }

 private:
  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> home_;
};

/// One piece of work. Lives in the frame of the coroutine that waits for it.
struct Job {
  WorkRef work;
  std::optional<Uuid> org_id{};  ///< the org that a write stays inside, if it does
  Result<void> outcome{};
  std::chrono::steady_clock::time_point queued_at{};
  std::unique_ptr<Resumption> resumption{};
};

/// Resumes the coroutines of `jobs`, which may be gone when this returns; empties the list.
void complete_all(std::vector<Job*>& jobs);

class JobQueue {
 public:
  JobQueue(std::size_t most_queued, std::chrono::milliseconds longest_wait);

  /// Queues the work and waits until a thread has completed it; 503 at once when the queue is full.
  /// A thread that waits in take() is woken once the coroutines that are ready at the same home
  /// have run, so that what they queue is taken together.
  boost::asio::awaitable<Result<void>> run(WorkRef work, std::optional<Uuid> org_id = {});

  /// Waits for jobs and takes up to `most` of those that are queued then. Jobs that have waited
  /// too long are completed with 503 instead. False once the queue is closed and empty; `batch`
  /// may be empty otherwise.
  bool take(std::size_t most, std::vector<Job*>& batch);
  /// Ends take() when the jobs queued so far are done.
  void close();

 private:
  bool push(Job& job);

  /// What a wake-up on its way may outlive the queue with.
  struct State {
    std::mutex mutex;
    std::condition_variable filled;
    std::deque<Job*> jobs;
    std::vector<const void*> waking;  ///< homes from which a wake-up is on its way
    bool closed = false;
  };

  /// Wakes those that wait when it goes, whether or not its home has run it.
  class WakeUp {
   public:
    WakeUp(std::shared_ptr<State> state, const void* home)
        : state_(std::move(state)), home_(home) {}
    ~WakeUp();
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;

   private:
    const std::shared_ptr<State> state_;
    const void* const home_;
  };

  const std::size_t most_queued_;
  const std::chrono::milliseconds longest_wait_;
  const std::shared_ptr<State> state_;
};

}  // namespace oneclaw::store

#include "crypto/call_threads.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

namespace oneclaw::crypto {

struct CallThreads::Call {
  std::function<void()> f;
  std::condition_variable ended;
  bool done = false;
  bool given_up = false;
};

struct CallThreads::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Call>> waiting;
  std::size_t threads = 0;
  bool stopping = false;
};

CallThreads::CallThreads(std::size_t threads) : state_(std::make_shared<State>()) {
  state_->threads = threads;
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([state = state_] { work(state); });
  }
}

CallThreads::~CallThreads() {
  bool ended = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->waiting.clear();
    state_->changed.notify_all();
    ended = state_->changed.wait_for(lock, kFarewell, [&] { return state_->threads == 0; });
  }
  for (std::thread& thread : threads_) ended ? thread.join() : thread.detach();
}

void CallThreads::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->changed.wait(lock, [&] { return state->stopping || !state->waiting.empty(); });
    if (state->stopping) break;
    const std::shared_ptr<Call> call = std::move(state->waiting.front());
    state->waiting.pop_front();
    if (call->given_up) continue;
    lock.unlock();
    try {
      call->f();
    } catch (const std::exception&) {  // who asked sees that nothing came of it
    }
    call->f = nullptr;
    lock.lock();
    call->done = true;
    call->ended.notify_all();
  }
  --state->threads;
  state->changed.notify_all();
}

std::shared_ptr<CallThreads::Call> CallThreads::enqueue(std::function<void()> f) {
  auto call = std::make_shared<Call>();
  call->f = std::move(f);
  const std::lock_guard lock(state_->mutex);
  state_->waiting.push_back(call);
  state_->changed.notify_one();
  return call;
}

bool CallThreads::run(std::function<void()> f, std::chrono::milliseconds longest) {
  const std::shared_ptr<Call> call = enqueue(std::move(f));
  std::unique_lock lock(state_->mutex);
  if (call->ended.wait_for(lock, longest, [&] { return call->done; })) return true;
  call->given_up = true;
  return false;
}

void CallThreads::post(std::function<void()> f) {
  enqueue(std::move(f));
}

}  // namespace oneclaw::crypto

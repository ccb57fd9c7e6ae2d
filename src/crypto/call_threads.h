// Threads for calls into a library that may not return.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace oneclaw::crypto {

/// Thread-safe. A call that has begun can't be broken off, so what it uses must be its own: it may
/// outlive whoever asked for it, and these threads' owner too.
class CallThreads {
 public:
  static constexpr std::chrono::milliseconds kFarewell{1000};

  explicit CallThreads(std::size_t threads);
  /// Waits kFarewell for what runs; then lets it go on alone.
  ~CallThreads();
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  /// Runs `f` on a thread. False when it hasn't ended after `longest`: then it is still running, or
  /// will never begin.
  bool run(std::function<void()> f, std::chrono::milliseconds longest);
  /// Runs `f` some time.
  void post(std::function<void()> f);

 private:
  struct Call;
  struct State;
  static void work(const std::shared_ptr<State>& state);
  std::shared_ptr<Call> enqueue(std::function<void()> f);

  std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;
};

}  // namespace oneclaw::crypto

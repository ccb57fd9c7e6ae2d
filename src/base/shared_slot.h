// A shared pointer that threads swap.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace oneclaw {

/// As std::atomic<std::shared_ptr<T>>, which in libstdc++ 12 is no cheaper and whose load() orders
/// nothing before a later exchange() (its lock is let go relaxed).
template <class T>
class SharedSlot {
 public:
  [[nodiscard]] std::shared_ptr<T> load() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<T> value) { exchange(std::move(value)); }
  /// What was there before.
  std::shared_ptr<T> exchange(std::shared_ptr<T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
    return value;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> value_;
};

}  // namespace oneclaw

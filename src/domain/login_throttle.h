// Back-off of failed log-ins, per account and per address. Pure: the caller gives the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace oneclaw::domain {

struct LoginThrottleLimits {
  int free_failures_per_account = 5;  ///< failures before back-off starts
  int free_failures_per_address = 20;
  std::chrono::seconds first_delay{1};  ///< doubles with each further failure
  std::chrono::seconds longest_delay{900};
  std::chrono::seconds forget_after{3600};  ///< since the last failure
  std::size_t most_entries = 100'000;       ///< the least recently failed are dropped first
};

/// Not thread-safe: guard it with a mutex.
class LoginThrottle {
 public:
  explicit LoginThrottle(LoginThrottleLimits limits = {}) : limits_(limits) {}

  /// Seconds to wait before a try is let through (rounded up), 0 when it may go now.
  [[nodiscard]] int retry_after(std::string_view account, std::string_view address,
                                TimePoint at) const;
  void failed(std::string_view account, std::string_view address, TimePoint at);
  /// Forgets the account's failures; the address keeps its own.
  void succeeded(std::string_view account);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    int failures = 0;
    TimePoint last_failure{};
    TimePoint blocked_until{};
  };
  using Entries = std::list<Entry>;  // most recent failure first

  void record(std::string key, int free_failures, TimePoint at);

  LoginThrottleLimits limits_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> index_;
};

}  // namespace oneclaw::domain

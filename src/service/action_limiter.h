// Bounds on how often a thing may be asked for: mails to one address, enrolments from one client.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace oneclaw::service {

/// A window per key that begins with the first action in it. Thread-safe; in memory, so a restart
/// forgets.
class ActionLimiter {
 public:
  struct Rule {
    int most = 1;  ///< actions in one window
    std::chrono::seconds window{60};
  };

  /// Counts one action of `key`; 429 with Retry-After when its window is full. Refused actions do
  /// not count.
  Result<void> admit(std::string_view key, Rule rule, TimePoint at);

 private:
  struct Entry {
    std::string key;
    int count = 0;
    TimePoint ends_at{};
  };
  using Entries = std::list<Entry>;  // most recently used first
  static constexpr std::size_t kMostKeys = 100'000;

  std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> index_;
};

/// A client as a key: an IPv4 address, or the /64 that one IPv6 client has all of.
std::string client_key(IpAddress address);

}  // namespace oneclaw::service

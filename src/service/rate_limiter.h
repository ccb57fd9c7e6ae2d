// A token bucket for each client address.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "base/ip.h"
#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"

namespace oneclaw::service {

class RateLimiter {
 public:
  /// `per_second` requests are let through from one address, with a burst of as many again;
  /// 0 lets everything through.
  explicit RateLimiter(int per_second) : per_second_(per_second) {}

  /// 429 with Retry-After when the bucket of `address` is empty. Thread-safe.
  Result<void> admit(const IpAddress& address, TimePoint at);

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled_at{};
  };
  struct Hash {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };
  static constexpr std::size_t kMostBuckets = 65'536;

  int per_second_;
  std::mutex mutex_;
  std::unordered_map<IpAddress, Bucket, Hash> buckets_;
};

}  // namespace oneclaw::service

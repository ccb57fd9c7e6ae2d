#include "service/rate_limiter.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace oneclaw::service {

std::size_t RateLimiter::Hash::operator()(const IpAddress& address) const noexcept {
  return std::hash<std::string_view>{}(as_text(address.bytes));
}

Result<void> RateLimiter::admit(const IpAddress& address, TimePoint at) {
  if (per_second_ == 0) return {};
  const double burst = 2.0 * per_second_;
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostBuckets && !buckets_.contains(address)) {
    // A bucket that has had time to fill up says nothing; the rest is dropped only if all are live.
    std::erase_if(buckets_, [&](const auto& entry) {
      return at - entry.second.filled_at > std::chrono::seconds(2);
    });
    if (buckets_.size() >= kMostBuckets) buckets_.clear();
  }
  auto [entry, fresh] = buckets_.try_emplace(address, Bucket{burst, at});
  Bucket& bucket = entry->second;
  if (!fresh && at > bucket.filled_at) {
    const std::chrono::duration<double> passed = at - bucket.filled_at;
    bucket.tokens = std::min(burst, bucket.tokens + passed.count() * per_second_);
    bucket.filled_at = at;
  }
  if (bucket.tokens < 1) {
    return problems::too_many_requests("Too many requests from this address.", 1);
  }
  bucket.tokens -= 1;
  return {};
}

}  // namespace oneclaw::service

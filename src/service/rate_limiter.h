// Token buckets: for each client address, for each principal, and one for the whole server.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace oneclaw::service {

/// A bucket as it is after one request.
struct RateState {
  bool admitted = true;
  int limit = 0;          ///< requests a full bucket lets through at once
  int remaining = 0;      ///< requests it would let through now
  int reset_seconds = 0;  ///< until it is full again; when not admitted, until the next token
};

/// Buckets that fill by `per_second` and hold twice as many; 0 lets everything through. The
/// `most` buckets that were used last are kept: a bucket that was not is full again by the time
/// that as many others came. Thread-safe.
template <class Key, class Hash = std::hash<Key>>
class RateLimiter {
 public:
  static constexpr std::size_t kMostBuckets = 65'536;

  explicit RateLimiter(int per_second, std::size_t most = kMostBuckets)
      : per_second_(per_second), most_(most) {}

  [[nodiscard]] bool is_on() const { return per_second_ > 0; }

  /// Takes one token of `key`'s bucket, when there is one.
  RateState take(const Key& key, TimePoint at) {
    if (!is_on()) return {};
    const std::lock_guard lock(mutex_);
    Bucket& bucket = touch(key, at);
    if (at > bucket.filled_at) {
      const std::chrono::duration<double> passed = at - bucket.filled_at;
      bucket.tokens = std::min(burst(), bucket.tokens + passed.count() * per_second_);
      bucket.filled_at = at;
    }
    RateState state{.admitted = bucket.tokens >= 1,
                    .limit = static_cast<int>(burst()),
                    .remaining = 0,
                    .reset_seconds = 1};
    if (!state.admitted) return state;
    bucket.tokens -= 1;
    state.remaining = static_cast<int>(bucket.tokens);
    const double missing = burst() - bucket.tokens;
    state.reset_seconds = static_cast<int>((missing + per_second_ - 1) / per_second_);
    return state;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return index_.size();
  }

 private:
  struct Bucket {
    Key key;
    double tokens = 0;
    TimePoint filled_at{};
  };
  using Buckets = std::list<Bucket>;  // most recently used first

  [[nodiscard]] double burst() const { return 2.0 * per_second_; }

  Bucket& touch(const Key& key, TimePoint at) {
    if (const auto found = index_.find(key); found != index_.end()) {
      buckets_.splice(buckets_.begin(), buckets_, found->second);
      return buckets_.front();
    }
    if (index_.size() >= most_) {
      index_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({key, burst(), at});
    index_[key] = buckets_.begin();
    return buckets_.front();
  }

  int per_second_;
  std::size_t most_;
  mutable std::mutex mutex_;
  Buckets buckets_;
  std::unordered_map<Key, typename Buckets::iterator, Hash> index_;
};

}  // namespace oneclaw::service

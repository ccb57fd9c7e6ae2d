#include "service/action_limiter.h"

#include <algorithm>

namespace oneclaw::service {

Result<void> ActionLimiter::admit(std::string_view key, Rule rule, TimePoint at) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(std::string(key));
  if (found == index_.end()) {
    entries_.push_front({std::string(key), 0, at + rule.window});
    index_.emplace(entries_.front().key, entries_.begin());
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  Entry& entry = entries_.front();
  if (entry.ends_at <= at) {
    entry.count = 0;
    entry.ends_at = at + rule.window;
  }
  if (entry.count >= rule.most) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(entry.ends_at - at);
    return problems::too_many_requests("That was asked for too often; wait before the next time.",
                                       static_cast<int>(wait.count()));
  }
  ++entry.count;
  if (entries_.size() > kMostKeys) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return {};
}

std::string client_key(IpAddress address) {
  if (address.v6) std::fill(address.bytes.begin() + 8, address.bytes.end(), std::uint8_t{0});
  return address.to_string();
}

}  // namespace oneclaw::service

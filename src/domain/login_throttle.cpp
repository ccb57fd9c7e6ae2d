#include "domain/login_throttle.h"

#include <algorithm>
#include <utility>

namespace oneclaw::domain {

namespace {

std::string account_key(std::string_view account) {
  return "account:" + std::string(account);
}
std::string address_key(std::string_view address) {
  return "address:" + std::string(address);
}

}  // namespace

int LoginThrottle::retry_after(std::string_view account, std::string_view address,
                               TimePoint at) const {
  int longest = 0;
  for (const std::string& key : {account_key(account), address_key(address)}) {
    const auto found = index_.find(key);
    if (found == index_.end() || found->second->blocked_until <= at) continue;
    const auto wait = std::chrono::ceil<std::chrono::seconds>(found->second->blocked_until - at);
    longest = std::max(longest, static_cast<int>(wait.count()));
  }
  return longest;
}

void LoginThrottle::failed(std::string_view account, std::string_view address, TimePoint at) {
  record(account_key(account), limits_.free_failures_per_account, at);
  record(address_key(address), limits_.free_failures_per_address, at);
}

void LoginThrottle::succeeded(std::string_view account) {
  const auto found = index_.find(account_key(account));
  if (found == index_.end()) return;
  entries_.erase(found->second);
  index_.erase(found);
}

void LoginThrottle::record(std::string key, int free_failures, TimePoint at) {
  const auto found = index_.find(key);
  if (found == index_.end()) {
    entries_.push_front({key, 0, at, {}});
    index_.emplace(std::move(key), entries_.begin());
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  Entry& entry = entries_.front();
  if (at - entry.last_failure > limits_.forget_after) entry.failures = 0;
  entry.last_failure = at;
  ++entry.failures;
  const int over = entry.failures - free_failures;
  if (over >= 0) {
    // The shift is bounded so that it can't overflow; the delay is bounded anyway.
    const auto delay = limits_.first_delay * (std::int64_t{1} << std::min(over, 20));
    entry.blocked_until = at + std::min<std::chrono::seconds>(delay, limits_.longest_delay);
  }
  if (entries_.size() > limits_.most_entries) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace oneclaw::domain

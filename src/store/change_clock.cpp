#include "store/change_clock.h"

#include <time.h>

namespace oneclaw::store {

ChangeClock::TrustTime ChangeClock::trust_now() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

ChangeClock::ChangeClock()
    : slots_(std::make_unique<std::atomic<Mark>[]>(kTopics * kSlotsPerTopic)) {}

// The slots first: a mark taken in between is too old for them, which only costs a read.
void ChangeClock::changed(std::span<const Change> changes) {
  if (changes.empty()) return;
  const std::lock_guard lock(mutex_);
  const Mark next = now_.load(std::memory_order_relaxed) + 1;
  for (const Change& change : changes) {
    slots_[slot(change.topic, change.id)].store(next, std::memory_order_release);
  }
  now_.store(next, std::memory_order_release);
}

void ChangeClock::changed_all() {
  const std::lock_guard lock(mutex_);
  const Mark next = now_.load(std::memory_order_relaxed) + 1;
  for (std::size_t i = 0; i < kTopics * kSlotsPerTopic; ++i) {
    slots_[i].store(next, std::memory_order_release);
  }
  now_.store(next, std::memory_order_release);
}

}  // namespace oneclaw::store

#include "store/pg_progress.h"

#include <algorithm>

namespace oneclaw::store {

void PgProgress::raise(std::atomic<Position>& to, Position position) {
  Position was = to.load(std::memory_order_relaxed);
  while (was < position && !to.compare_exchange_weak(was, position)) {
  }
}

void PgProgress::wrote(const std::optional<Uuid>& org_id, Position position) {
  raise(org_id ? written_[slot(*org_id)] : written_in_any_, position);
}

void PgProgress::saw(Position position, Time at) {
  const std::lock_guard lock(mutex_);
  if (!samples_.empty() && at - samples_.back().at < kSampled) return;
  samples_.push_back({position, at});
  while (samples_.front().at < at - kMostBehind) samples_.pop_front();
}

std::optional<PgProgress::Position> PgProgress::needed(const Uuid& org_id, Time now) const {
  const Position written = std::max(written_[slot(org_id)].load(), written_in_any_.load());
  const std::lock_guard lock(mutex_);
  // The first sample since then: all that was committed before is in it.
  const auto sample = std::ranges::lower_bound(samples_, now - kMostBehind, {}, &Sample::at);
  if (sample == samples_.end()) return std::nullopt;
  return std::max(written, sample->position);
}

}  // namespace oneclaw::store

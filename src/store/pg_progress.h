// How far the primary's log has come, as one node knows it: what a replica must have to be asked.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "base/uuid.h"

namespace oneclaw::store {

/// Positions are PostgreSQL's LSNs. Thread-safe.
class PgProgress {
 public:
  using Position = std::int64_t;
  /// Of CLOCK_BOOTTIME, as ChangeClock's.
  using Time = std::chrono::nanoseconds;

  /// How much older than the primary a replica's answer may be.
  static constexpr std::chrono::milliseconds kMostBehind{5000};

  /// This node has committed something in an org, or (none) in any; the log then reached as far.
  void wrote(const std::optional<Uuid>& org_id, Position position);
  /// The primary's log had come so far at some time after `at`.
  void saw(Position position, Time at);
  /// What a replica must have replayed to answer about the org at `now`; nothing when the primary
  /// hasn't been heard of for so long that no replica can be trusted.
  [[nodiscard]] std::optional<Position> needed(const Uuid& org_id, Time now) const;

 private:
  struct Sample {
    Position position;
    Time at;
  };
  static constexpr std::chrono::milliseconds kSampled{100};
  static constexpr unsigned kSlotBits = 12;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  /// Two orgs may share a slot: then more is asked for than is needed.
  static std::size_t slot(const Uuid& org_id) {
    return static_cast<std::size_t>((std::hash<Uuid>{}(org_id)*0x9E3779B97F4A7C15U) >>
                                    (64U - kSlotBits));
  }
  static void raise(std::atomic<Position>& to, Position position);

  std::array<std::atomic<Position>, kSlots> written_{};
  std::atomic<Position> written_in_any_{0};
  mutable std::mutex mutex_;
  std::deque<Sample> samples_;  ///< oldest first; of the last kMostBehind
};

}  // namespace oneclaw::store

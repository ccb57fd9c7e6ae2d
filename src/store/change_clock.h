// What committed writes have changed, so that nothing stale is ever served from a cache.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "base/uuid.h"

namespace oneclaw::store {

/// What an id names. A cache says which topics an entry of its hangs on.
enum class Topic : std::uint8_t {
  kOrg,     ///< an org's settings and rules, by org id
  kUser,    ///< an account and its memberships and roles, by user id
  kAgent,   ///< an agent, its key, its bindings, by agent id
  kApiKey,  ///< a personal key, by key id
  kToken,   ///< a revoked token (`jti`) or session (`sid`), by that id
  kVault,   ///< a vault and its KEKs, by vault id
  kPolicy,  ///< a principal's policies and approvals, in any vault, by the principal's id
  kSecret,  ///< a secret and its versions, by secret id
};
inline constexpr std::size_t kTopics = 8;

/// One thing that a write changed.
struct Change {
  Topic topic;
  Uuid id;
};

/// A logical clock that ticks with each commit that changed something, and knows when each thing
/// last changed. Lock-free to ask.
///
/// Repositories tell it through Transaction::touch(); the store ticks after COMMIT and before the
/// write's coroutine goes on, so whoever asks after a write's answer sees that write. Another
/// node's changes (LISTEN/NOTIFY) enter by changed() too.
///
/// A cache stays right, races included, when it keeps to this order:
///
///     row = co_await store.read([&](Transaction& transaction) {
///       ...
///       cache.put(key, {row, transaction.mark()});   // from a read, never from a write
///     });
///     ...
///     hit = entry && clock.unchanged_since(entry->mark, Topic::kVault, entry->row.id);
///
/// A read that saw the state before a commit has a mark before it, so what it puts in is never
/// given out. Cache only what was found: nothing tells of an id that comes into being.
class ChangeClock {
 public:
  using Mark = std::uint64_t;

  ChangeClock();

  [[nodiscard]] Mark now() const { return now_.load(std::memory_order_acquire); }
  /// False when the thing has changed after `mark`; now and then (ids share slots) also when it
  /// hasn't.
  [[nodiscard]] bool unchanged_since(Mark mark, Topic topic, const Uuid& id) const {
    // First whether changes are heard of at all: what is read after that is no older.
    return is_trusted() && slots_[slot(topic, id)].load(std::memory_order_acquire) <= mark;
  }

  /// A time that goes on while the process or its machine stands still (CLOCK_BOOTTIME).
  using TrustTime = std::chrono::nanoseconds;
  static TrustTime trust_now();
  /// Nothing counts as unchanged after `until`. At first that is never; where others write to the
  /// same database it is moved on for as long as their changes are known to come in. Thread-safe.
  void trust_until(TrustTime until) { trusted_until_.store(until.count()); }
  /// True where nobody else writes to the database: then what is unchanged here is unchanged.
  /// Elsewhere it is what was so a little ago, which a write must not decide by.
  [[nodiscard]] bool is_exact() const {
    return trusted_until_.load(std::memory_order_acquire) == TrustTime::max().count();
  }

  /// Ticks. Call it once the changes are visible to readers. Thread-safe.
  void changed(std::span<const Change> changes);
  /// Everything may have changed: for when notices of other nodes may have been lost.
  void changed_all();

 private:
  [[nodiscard]] bool is_trusted() const {
    const std::int64_t until = trusted_until_.load(std::memory_order_acquire);
    return until == TrustTime::max().count() || trust_now().count() < until;
  }

  static constexpr unsigned kSlotBits = 13;
  static constexpr std::size_t kSlotsPerTopic = std::size_t{1} << kSlotBits;

  static std::size_t slot(Topic topic, const Uuid& id) {
    const std::uint64_t mixed = std::hash<Uuid>{}(id)*0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(topic) * kSlotsPerTopic + (mixed >> (64U - kSlotBits));
  }

  std::mutex mutex_;
  std::atomic<Mark> now_{0};
  std::atomic<std::int64_t> trusted_until_{TrustTime::max().count()};
  std::unique_ptr<std::atomic<Mark>[]> slots_;  ///< the tick of each slot's last change
};

}  // namespace oneclaw::store

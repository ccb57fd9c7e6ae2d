// A cache that is bounded by bytes: what was used least recently goes first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace oneclaw {

/// Thread-safe: parted into shards, each with a lock, that share the bytes. Room is made in the new
/// entry's shard first, then in the others. `Hash` and `Equal` may be transparent, so that find()
/// need not make a Key.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class BoundedCache {
 public:
  /// `most_bytes`: of all entries together, as their owners count them. 0 keeps nothing.
  explicit BoundedCache(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  BoundedCache(const BoundedCache&) = delete;
  BoundedCache& operator=(const BoundedCache&) = delete;

  /// Null when there is none.
  template <class K>
  std::shared_ptr<const Value> find(const K& key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end()) return nullptr;
    shard.unlink(found->second);
    shard.link_first(found->second);
    return found->second.value;
  }

  /// Puts in or replaces. An entry that is bigger than the cache is not kept.
  void put(Key key, std::shared_ptr<const Value> value, std::size_t bytes) {
    bytes += kOverhead;
    if (bytes > most_bytes_) return erase(key);
    Shard& shard = shard_of(key);
    {
      const std::lock_guard lock(shard.mutex);
      const auto [entry, fresh] = shard.entries.try_emplace(std::move(key));
      Link& link = entry->second;
      if (!fresh) {
        shard.unlink(link);
        shard.bytes -= link.bytes;
        total_ -= link.bytes;
      }
      link.value = std::move(value);
      link.bytes = bytes;
      link.key = &entry->first;
      shard.bytes += bytes;
      total_ += bytes;
      shard.link_first(link);
      while (total_ > most_bytes_ && shard.ends.previous != &link) drop_last(shard);
    }
    for (Shard& other : shards_) {
      if (total_ <= most_bytes_) return;
      if (&other == &shard) continue;
      const std::lock_guard lock(other.mutex);
      while (total_ > most_bytes_ && !other.entries.empty()) drop_last(other);
    }
  }

  template <class K>
  void erase(const K& key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.entries.find(key); found != shard.entries.end()) {
      total_ -= found->second.bytes;
      shard.drop(found->second);
    }
  }

  [[nodiscard]] std::size_t size() const {
    return sum([](const Shard& shard) { return shard.entries.size(); });
  }
  [[nodiscard]] std::size_t bytes() const {
    return sum([](const Shard& shard) { return shard.bytes; });
  }

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kOverhead = 128;  ///< about: the links, the map's node, the blocks

  struct Link {
    std::shared_ptr<const Value> value;
    const Key* key = nullptr;
    std::size_t bytes = 0;
    Link* previous = nullptr;
    Link* next = nullptr;
  };

  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Link, Hash, Equal> entries;
    Link ends;  ///< next: the most recently used; previous: the least
    std::size_t bytes = 0;

    Shard() { ends.next = ends.previous = &ends; }

    static void unlink(Link& link) {
      link.previous->next = link.next;
      link.next->previous = link.previous;
    }
    void link_first(Link& link) {
      link.previous = &ends;
      link.next = ends.next;
      link.next->previous = &link;
      ends.next = &link;
    }
    void drop(Link& link) {
      unlink(link);
      bytes -= link.bytes;
      entries.erase(entries.find(*link.key));
    }
  };

  template <class K>
  Shard& shard_of(const K& key) {
    // Bits that the shard's own map does not part its buckets by.
    return shards_[(Hash{}(key)*0x9E3779B97F4A7C15U) >> 60U];
  }

  void drop_last(Shard& shard) {
    total_ -= shard.ends.previous->bytes;
    shard.drop(*shard.ends.previous);
  }

  template <class F>
  [[nodiscard]] std::size_t sum(F f) const {
    std::size_t total = 0;
    for (const Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      total += f(shard);
    }
    return total;
  }

  const std::size_t most_bytes_;
  std::atomic<std::size_t> total_{0};  ///< of all shards
  std::array<Shard, kShards> shards_;
};

}  // namespace oneclaw

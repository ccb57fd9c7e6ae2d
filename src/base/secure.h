// Memory for secrets: it wipes itself, and compares in constant time.
#pragma once

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oneclaw {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Zeroes every block before it goes back to the heap.
template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* block, std::size_t count) noexcept {
    sodium_memzero(block, count * sizeof(T));
    std::allocator<T>{}.deallocate(block, count);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

/// Bytes that are wiped when freed or grown. For plaintext and keys in passing.
using SecureBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

/// Text that is wiped when freed or grown. (A vector, not a basic_string: a short basic_string
/// lives inside the object, where no allocator can wipe it.)
class SecureString {
 public:
  SecureString() = default;
  explicit SecureString(std::string_view text) : chars_(text.begin(), text.end()) {}

  [[nodiscard]] std::string_view view() const { return {chars_.data(), chars_.size()}; }
  [[nodiscard]] ByteView bytes() const { return as_bytes(view()); }
  [[nodiscard]] std::size_t size() const { return chars_.size(); }
  [[nodiscard]] bool empty() const { return chars_.empty(); }
  [[nodiscard]] char* data() { return chars_.data(); }
  void reserve(std::size_t size) { chars_.reserve(size); }
  void resize(std::size_t size) { chars_.resize(size); }
  void append(std::string_view text) { chars_.insert(chars_.end(), text.begin(), text.end()); }
  void push_back(char c) { chars_.push_back(c); }
  void clear() { SecureString{}.chars_.swap(chars_); }

 private:
  std::vector<char, WipingAllocator<char>> chars_;
};

/// A 256-bit key in guarded, locked memory (sodium_malloc: guard pages, canary, mlock where the
/// system allows it, zeroed when freed). Move-only.
class Key256 {
 public:
  static constexpr std::size_t kSize = 32;

  /// All zero until written; throws std::bad_alloc when the system has no memory to lock.
  Key256() : data_(static_cast<std::uint8_t*>(sodium_malloc(kSize))) {
    if (!data_) throw std::bad_alloc{};
    sodium_memzero(data_.get(), kSize);
  }
  /// `raw` must have 32 bytes.
  explicit Key256(ByteView raw) : Key256() { std::copy_n(raw.data(), kSize, data_.get()); }

  static Key256 random() {
    Key256 key;
    randombytes_buf(key.data_.get(), kSize);
    return key;
  }

  [[nodiscard]] ByteView view() const { return {data_.get(), kSize}; }
  [[nodiscard]] std::uint8_t* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(std::uint8_t* block) const { sodium_free(block); }
  };
  std::unique_ptr<std::uint8_t, Free> data_;
};

/// Equal length and equal content, in time that depends on the length alone.
inline bool secure_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace oneclaw

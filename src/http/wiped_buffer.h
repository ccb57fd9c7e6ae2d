// A read buffer that leaves nothing of a request behind.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/secure.h"

namespace oneclaw::http {

/// Bytes come in at the back and are consumed at the front. Consumed bytes stay in place (and
/// views of them valid) until recycle(); growing moves them.
class WipedBuffer {
 public:
  static constexpr std::size_t kSmall = std::size_t{4} * 1024;

  [[nodiscard]] std::string_view readable() const { return {bytes_.data() + begin_, size()}; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }

  /// Room at the back for at least `least` bytes.
  std::span<char> prepare(std::size_t least) {
    if (bytes_.size() - end_ < least) {
      bytes_.resize(std::max({kSmall, bytes_.size() * 2, end_ + least}));
    }
    return {bytes_.data() + end_, bytes_.size() - end_};
  }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) { begin_ += count; }

  void append(std::string_view text) {
    if (text.empty()) return;
    std::copy(text.begin(), text.end(), prepare(text.size()).data());
    commit(text.size());
  }

  /// Moves what is left to the front, wipes the rest, and frees a big block that is empty.
  void recycle() {
    const std::size_t left = size();
    if (left == 0 && bytes_.size() > kSmall) {
      release();
    } else if (end_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, left);
      sodium_memzero(bytes_.data() + left, end_ - left);
    }
    begin_ = 0;
    end_ = left;
  }
  /// Wipes and frees all.
  void release() {
    std::vector<char, WipingAllocator<char>>{}.swap(bytes_);
    begin_ = end_ = 0;
  }

 private:
  std::vector<char, WipingAllocator<char>> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace oneclaw::http

#include "store/path_range.h"

#include <cstdint>

namespace oneclaw::store {

namespace {

constexpr std::uint32_t kLast = 0x10FFFF;
constexpr std::uint32_t kFirstSurrogate = 0xD800;
constexpr std::uint32_t kAfterSurrogates = 0xE000;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Takes the last code point off `text`, which is not empty.
std::uint32_t pop_code_point(std::string& text) {
  std::uint32_t point = 0;
  unsigned shift = 0;
  while (text.size() > 1 && is_continuation(text.back()) && shift < 18) {
    point |= (static_cast<unsigned char>(text.back()) & 0x3FU) << shift;
    shift += 6;
    text.pop_back();
  }
  const std::uint32_t lead = static_cast<unsigned char>(text.back());
  text.pop_back();
  // A lead byte of n bytes has 7 - n bits of the point; an ASCII byte has all seven.
  const std::uint32_t mask = shift == 0 ? 0x7FU : 0x3FU >> (shift / 6);
  return point | (lead & mask) << shift;
}

void push_code_point(std::string& text, std::uint32_t point) {
  const auto push = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto push_tail = [&](unsigned shift) { push(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xC0U | point >> 6);
    push_tail(0);
  } else if (point < 0x10000) {
    push(0xE0U | point >> 12);
    push_tail(6);
    push_tail(0);
  } else {
    push(0xF0U | point >> 18);
    push_tail(12);
    push_tail(6);
    push_tail(0);
  }
}

}  // namespace

std::optional<std::string> after_prefix(std::string_view prefix) {
  std::string bound(prefix);
  while (!bound.empty()) {
    std::uint32_t point = pop_code_point(bound);
    if (point >= kLast) continue;
    if (++point == kFirstSurrogate) point = kAfterSurrogates;
    push_code_point(bound, point);
    return bound;
  }
  return std::nullopt;
}

}  // namespace oneclaw::store

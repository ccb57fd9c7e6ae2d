#include "base/secret_finder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/encoding.h"

namespace oneclaw {

namespace {

std::size_t filter_slot(std::uint32_t start) {
  return (start * 2654435761U) >> 16U;
}

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '-' || c == '_';
}

SecureString secured(std::string text) {
  SecureString copy(text);
  sodium_memzero(text.data(), text.size());
  return copy;
}

/// `\uXXXX` at `text`: its code unit, or -1.
int code_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  int unit = 0;
  for (const char c : text.substr(2, 4)) {
    const int digit = hex_digit(c);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/// UTF-8 of a code point, 1 to 4 bytes.
std::string utf8(std::uint32_t point) {
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits & 0xFFU); };
  const auto tail = [&](std::uint32_t shift) { return byte(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0U | (point >> 6U)), tail(0)};
  if (point < 0x10000) return {byte(0xE0U | (point >> 12U)), tail(6), tail(0)};
  return {byte(0xF0U | (point >> 18U)), tail(12), tail(6), tail(0)};
}

/// Appends bytes that come from the source bytes [from, to).
void append(DecodedText& decoded, std::string_view bytes, std::size_t from, std::size_t to) {
  decoded.text.append(bytes);
  decoded.from.insert(decoded.from.end(), bytes.size(), static_cast<std::uint32_t>(from));
  decoded.to.insert(decoded.to.end(), bytes.size(), static_cast<std::uint32_t>(to));
}

DecodedText percent_decoded(std::string_view text, bool plus_is_space) {
  DecodedText decoded;
  for (std::size_t i = 0; i < text.size();) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    char c = text[i];
    std::size_t taken = 1;
    if (low >= 0) {
      c = static_cast<char>(high * 16 + low);
      taken = 3;
    } else if (plus_is_space && c == '+') {
      c = ' ';
    }
    append(decoded, {&c, 1}, i, i + taken);
    i += taken;
  }
  return decoded;
}

DecodedText json_unescaped(std::string_view text) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  DecodedText decoded;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t taken = 1;
    std::string piece(1, text[i]);
    if (const int unit = code_unit(text.substr(i)); unit >= 0) {
      taken = 6;
      auto point = static_cast<std::uint32_t>(unit);
      if (const int low = i + 6 < text.size() ? code_unit(text.substr(i + 6)) : -1;
          unit >= 0xD800 && unit < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
        taken = 12;
        point = 0x10000U + ((point - 0xD800U) << 10U) + (static_cast<std::uint32_t>(low) - 0xDC00U);
      }
      piece = utf8(point);
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      if (const std::size_t which = kLetters.find(text[i + 1]); which != std::string_view::npos) {
        piece.assign(1, kMeanings[which]);
        taken = 2;
      }
    }
    append(decoded, piece, i, i + taken);
    i += taken;
  }
  return decoded;
}

DecodedText unwrapped(std::string_view text) {
  DecodedText decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') append(decoded, text.substr(i, 1), i, i + 1);
  }
  return decoded;
}

/// Each byte as a character of its own: UTF-8 taken for Latin-1.
SecureString taken_for_latin1(std::string_view text) {
  SecureString taken;
  for (const char c : text) taken.append(utf8(static_cast<unsigned char>(c)));
  return taken;
}

}  // namespace

std::uint32_t SecretFinder::start_of(const char* text) {
  std::uint32_t start = 0;
  std::memcpy(&start, text, sizeof start);
  return start;
}

void SecretFinder::add_needle(SecureString text, std::size_t label, bool before, bool after) {
  if (text.size() < kLeastBytes) return;
  const std::uint32_t start = start_of(text.data());
  by_start_.emplace(start, needles_.size());
  starts_[filter_slot(start)] = true;
  needles_.push_back({std::move(text), label, before, after});
}

void SecretFinder::add_base64(std::string_view value, std::size_t label) {
  for (std::size_t before = 0; before < 3; ++before) {
    SecureBytes bytes(before, 0);
    bytes.insert(bytes.end(), value.begin(), value.end());
    // Only the characters whose six bits all come from the value are the same everywhere.
    const std::size_t first = (before * 8 + 5) / 6;
    const std::size_t last = bytes.size() * 8 / 6;
    for (const bool url : {false, true}) {
      std::string text = url ? to_base64url(bytes) : to_base64(bytes);
      SecureString core(std::string_view(text).substr(first, last - first));
      sodium_memzero(text.data(), text.size());
      add_needle(std::move(core), label, before != 0, bytes.size() % 3 != 0);
    }
  }
}

bool SecretFinder::add(std::string_view value, std::size_t label) {
  const std::size_t end = value.find_last_not_of(" \t\r\n");
  value = value.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (value.size() < kLeastBytes) return false;
  longest_ = std::max(longest_, value.size());
  add_forms(value, label);
  const SecureString latin1 = taken_for_latin1(value);
  if (latin1.size() != value.size()) add_forms(latin1.view(), label);
  return true;
}

void SecretFinder::add_forms(std::string_view value, std::size_t label) {
  add_needle(SecureString(value), label);
  if (value.find_first_of("\r\n") != std::string_view::npos) {
    SecureString unbroken;
    for (const char c : value) {
      if (c != '\r' && c != '\n') unbroken.push_back(c);
    }
    add_needle(std::move(unbroken), label);
  }
  SecureString hex = secured(to_hex(as_bytes(value)));
  SecureString upper(hex.view());
  std::transform(upper.data(), upper.data() + upper.size(), upper.data(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  add_needle(std::move(hex), label);
  add_needle(std::move(upper), label);
  add_base64(value, label);
}

void SecretFinder::find_plain(std::string_view text, std::vector<Match>& matches) const {
  if (text.size() < kLeastBytes) return;
  for (std::size_t at = 0; at + kLeastBytes <= text.size(); ++at) {
    const std::uint32_t start = start_of(text.data() + at);
    if (!starts_[filter_slot(start)]) continue;
    const auto [first, last] = by_start_.equal_range(start);
    for (auto entry = first; entry != last; ++entry) {
      const Needle& needle = needles_[entry->second];
      if (!text.substr(at).starts_with(needle.text.view())) continue;
      std::size_t begin = at;
      std::size_t end = at + needle.text.size();
      if (needle.base64_before && begin > 0 && is_base64(text[begin - 1])) --begin;
      if (needle.base64_after && end < text.size() && is_base64(text[end])) ++end;
      matches.push_back({begin, end - begin, needle.label});
    }
  }
}

void SecretFinder::find_decoded(const DecodedText& decoded, int depth,
                                std::vector<Match>& matches) const {
  std::vector<Match> inner;
  find_nested(decoded.text.view(), depth, inner);
  for (const Match& match : inner) {
    const std::size_t at = decoded.from[match.at];
    matches.push_back({at, decoded.to[match.at + match.size - 1] - at, match.label});
  }
}

void SecretFinder::find_nested(std::string_view text, int depth,
                               std::vector<Match>& matches) const {
  find_plain(text, matches);
  if (depth == 0) return;
  const auto holds = [&](char sign) { return text.find(sign) != std::string_view::npos; };
  if (holds('%')) find_decoded(percent_decoded(text, false), depth - 1, matches);
  if (holds('+')) find_decoded(percent_decoded(text, true), depth - 1, matches);
  if (holds('\\')) find_decoded(json_unescaped(text), depth - 1, matches);
  if (holds('\n')) find_decoded(unwrapped(text), depth - 1, matches);
}

std::vector<SecretFinder::Match> SecretFinder::find(std::string_view text) const {
  constexpr int kMostNested = 2;
  std::vector<Match> found;
  find_nested(text, kMostNested, found);
  std::sort(found.begin(), found.end(), [](const Match& a, const Match& b) {
    return a.at != b.at ? a.at < b.at : a.size > b.size;
  });
  std::vector<Match> merged;
  for (const Match& match : found) {
    if (!merged.empty() && match.at < merged.back().at + merged.back().size) {
      Match& last = merged.back();
      last.size = std::max(last.at + last.size, match.at + match.size) - last.at;
    } else {
      merged.push_back(match);
    }
  }
  return merged;
}

SecretFinder::Redacted SecretFinder::redact(std::string_view text, bool cut) const {
  constexpr std::string_view kMask = "[REDACTED]";
  constexpr std::size_t kLongestEncoding = 12;  // \u00XX\u00XX for a byte taken for Latin-1
  const std::size_t end =
      cut ? text.size() - std::min(text.size(), longest_ * kLongestEncoding) : text.size();
  Redacted redacted;
  std::size_t at = 0;
  for (const Match& match : find(text)) {
    if (match.at >= end) break;
    redacted.text.append(text.substr(at, match.at - at));
    redacted.text.append(kMask);
    at = match.at + match.size;
    ++redacted.count;
  }
  if (at < end) redacted.text.append(text.substr(at, end - at));
  return redacted;
}

}  // namespace oneclaw

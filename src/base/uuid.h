// UUIDs (RFC 9562): v7 for rows, so that keys sort by time; v4 where an id must be unguessable.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace oneclaw {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// Time-ordered: 48 bits of Unix milliseconds, then 74 random bits.
  static Uuid v7();
  /// 122 random bits.
  static Uuid v4();
  /// The canonical 8-4-4-4-12 form, hex digits of either case; anything else is nullopt.
  static std::optional<Uuid> parse(std::string_view text);
  /// Exactly 16 bytes, else nullopt.
  static std::optional<Uuid> from_bytes(std::span<const std::uint8_t> raw);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace oneclaw

template <>
struct std::hash<oneclaw::Uuid> {
  std::size_t operator()(const oneclaw::Uuid& id) const noexcept {
    std::size_t tail = 0;  // the random half: the head of a v7 is a clock
    std::memcpy(&tail, id.bytes.data() + 8, sizeof tail);
    return tail;
  }
};

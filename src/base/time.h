// Time points in UTC with microsecond resolution, and their RFC 3339 form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oneclaw {

using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;
using Clock = std::chrono::system_clock;

/// The wall clock.
TimePoint now();

/// `2026-02-18T12:00:00.000000Z`; years 0000 to 9999.
std::string to_rfc3339(TimePoint time);

/// RFC 3339 date-time with `Z` or a numeric offset and up to 9 fraction digits (cut to 6).
/// A leap second (:60), a missing offset, an impossible date or a UTC year outside 0000 to 9999
/// is nullopt.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

/// Microseconds since the Unix epoch: the form in which the store keeps time.
inline std::int64_t to_micros(TimePoint time) {
  return time.time_since_epoch().count();
}
inline TimePoint from_micros(std::int64_t micros) {
  return TimePoint{std::chrono::microseconds{micros}};
}
/// Seconds since the Unix epoch (RFC 7519 NumericDate).
inline std::int64_t to_unix_seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
inline TimePoint from_unix_seconds(std::int64_t seconds) {
  return TimePoint{std::chrono::seconds{seconds}};
}

}  // namespace oneclaw

#include "base/time.h"

namespace oneclaw {

namespace chrono = std::chrono;

namespace {

constexpr TimePoint kFirst = chrono::sys_days(chrono::year(0) / 1 / 1);
constexpr TimePoint kEnd = chrono::sys_days(chrono::year(10000) / 1 / 1);

/// Reads `count` digits at `offset`; nullopt when one isn't a digit or the text is too short.
std::optional<int> digits(std::string_view text, std::size_t offset, std::size_t count) {
  if (text.size() < offset + count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(offset, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// Writes `value` as `count` digits at `offset`.
void put_digits(std::string& text, std::size_t offset, std::size_t count, std::int64_t value) {
  for (std::size_t i = offset + count; i-- > offset; value /= 10) {
    text[i] = static_cast<char>('0' + value % 10);
  }
}

/// `Z`, `+hh:mm` or `-hh:mm`.
std::optional<chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
    return std::nullopt;
  }
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const chrono::minutes offset(*hours * 60 + *minutes);
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

TimePoint now() {
  return chrono::floor<chrono::microseconds>(Clock::now());
}

std::string to_rfc3339(TimePoint time) {
  const auto days = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(days);
  const chrono::hh_mm_ss clock(time - days);
  std::string text = "0000-00-00T00:00:00.000000Z";
  put_digits(text, 0, 4, static_cast<int>(date.year()));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, clock.hours().count());
  put_digits(text, 14, 2, clock.minutes().count());
  put_digits(text, 17, 2, clock.seconds().count());
  put_digits(text, 20, 6, clock.subseconds().count());
  return text;
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*year),
                                    chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;

  std::string_view rest = text.substr(19);
  std::int64_t micros = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::size_t count = 0;
    for (; count < rest.size() && rest[count] >= '0' && rest[count] <= '9'; ++count) {
      if (count < 6) micros = micros * 10 + (rest[count] - '0');
    }
    if (count == 0 || count > 9) return std::nullopt;
    for (std::size_t i = count; i < 6; ++i) micros *= 10;
    rest.remove_prefix(count);
  }
  const auto offset = parse_offset(rest);
  if (!offset) return std::nullopt;
  const TimePoint time = TimePoint(chrono::sys_days(date)) + chrono::hours(*hour) +
                         chrono::minutes(*minute) + chrono::seconds(*second) +
                         chrono::microseconds(micros) - *offset;
  // An offset can carry the ends of the range out of the four digits of a year.
  if (time < kFirst || time >= kEnd) return std::nullopt;
  return time;
}

}  // namespace oneclaw

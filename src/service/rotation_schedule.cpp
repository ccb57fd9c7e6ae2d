#include "service/rotation_schedule.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <string>

namespace oneclaw::service {

namespace json = boost::json;

namespace {

std::string named(std::string_view member) {
  return "rotation_policy." + std::string(member);
}

Result<std::int64_t> read_integer(const json::value& value, std::string_view member,
                                  std::int64_t least, std::int64_t most) {
  if (value.is_int64() && value.get_int64() >= least && value.get_int64() <= most) {
    return value.get_int64();
  }
  return problems::validation(named(member), "must be an integer from " + std::to_string(least) +
                                                 " to " + std::to_string(most));
}

}  // namespace

Result<RotationSchedule> parse_rotation_policy(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return problems::validation("rotation_policy", "must be an object");
  }
  RotationSchedule schedule;
  std::optional<std::chrono::seconds> interval;
  for (const auto& [key, member] : value.get_object()) {
    if (key == "interval_days" || key == "interval_seconds") {
      if (interval) {
        return problems::validation(named(key), "must be the only interval that is given");
      }
      const std::chrono::seconds unit = key == "interval_days"
                                            ? std::chrono::seconds(std::chrono::days(1))
                                            : std::chrono::seconds(1);
      const std::int64_t least = std::max<std::int64_t>(1, kLeastInterval / unit);
      TRY(const std::int64_t count, read_integer(member, key, least, kMostInterval / unit));
      interval = count * unit;
    } else if (key == "length") {
      TRY(schedule.length, read_integer(member, key, kLeastGenerated, kMostGenerated));
    } else if (key == "charset") {
      const auto charset =
          member.is_string() ? crypto::parse_charset(member.get_string()) : std::nullopt;
      if (!charset) {
        return problems::validation(named(key), "must be hex, base64, alphanumeric or ascii");
      }
      schedule.charset = *charset;
    } else {
      return problems::validation(named(key), "is not a known member");
    }
  }
  if (!interval) return problems::validation(named("interval_days"), "is required");
  schedule.interval = *interval;
  return schedule;
}

TimePoint next_rotation(TimePoint due, std::chrono::seconds interval, TimePoint at) {
  if (due > at) return due;
  return due + interval * ((at - due) / interval + 1);
}

}  // namespace oneclaw::service

#include <date/tz.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <stdexcept>
#include <utility>

#include "domain/policy.h"

namespace oneclaw::domain {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostBlocks = 256;

/// "HH:MM" as minutes after midnight.
std::optional<int> parse_clock(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

Problem wrong(std::string_view field, std::string message) {
  return problems::validation(
      "conditions" + std::string(field.empty() ? "" : ".") + std::string(field),
      std::move(message));
}

/// A text member, or nullopt when absent or not text.
std::optional<std::string> text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

Result<std::vector<Cidr>> parse_allowlist(const json::value& value) {
  if (!value.is_array() || value.get_array().size() > kMostBlocks) {
    return wrong("ip_allowlist", "must be an array of at most 256 CIDR blocks");
  }
  std::vector<Cidr> blocks;
  for (const json::value& item : value.get_array()) {
    const auto block = item.is_string() ? Cidr::parse(item.get_string()) : std::nullopt;
    if (!block) {
      return wrong("ip_allowlist[" + std::to_string(blocks.size()) + "]",
                   "must be an IP address or a CIDR block with no host bits");
    }
    blocks.push_back(*block);
  }
  return blocks;
}

}  // namespace

struct Conditions::TimeWindow {
  int after = 0;   ///< minutes after local midnight, inclusive
  int before = 0;  ///< exclusive
  const date::time_zone* zone = nullptr;

  static Result<TimeWindow> parse(const json::value& value);
  [[nodiscard]] bool holds(TimePoint at) const;
};

Result<Conditions::TimeWindow> Conditions::TimeWindow::parse(const json::value& value) {
  if (!value.is_object()) return wrong("time_window", "must be an object");
  const json::object& object = value.get_object();
  for (const auto& member : object) {
    if (member.key() != "after" && member.key() != "before" && member.key() != "timezone") {
      return wrong("time_window." + std::string(member.key()), "isn't known");
    }
  }
  const auto clock = [&](std::string_view name) {
    const auto text = text_member(object, name);
    return text ? parse_clock(*text) : std::nullopt;
  };
  const auto after = clock("after");
  if (!after) return wrong("time_window.after", "must be HH:MM");
  const auto before = clock("before");
  if (!before) return wrong("time_window.before", "must be HH:MM");
  if (*after == *before) return wrong("time_window.before", "must differ from after");
  std::string zone_name = "UTC";
  if (object.contains("timezone")) {
    const auto named = text_member(object, "timezone");
    // Debian's "localtime" is whatever this machine is set to.
    if (!named || *named == "localtime") {
      return wrong("time_window.timezone", "must be an IANA time zone name");
    }
    zone_name = *named;
  }
  try {
    const date::time_zone* const zone = date::locate_zone(zone_name);
    // A zone's file is read at first use: a file that isn't a zone must fail here, not in holds().
    (void)zone->get_info(date::sys_seconds{});
    return TimeWindow{*after, *before, zone};
  } catch (const std::exception&) {
    return wrong("time_window.timezone", "must be an IANA time zone name");
  }
}

bool Conditions::TimeWindow::holds(TimePoint at) const {
  const auto local = at + zone->get_info(at).offset;
  const auto since_midnight = local - std::chrono::floor<std::chrono::days>(local);
  const auto minute = std::chrono::floor<std::chrono::minutes>(since_midnight).count();
  if (after < before) return minute >= after && minute < before;
  return minute >= after || minute < before;
}

Result<Conditions> Conditions::parse(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return wrong("", "must be an object");
  Conditions conditions;
  for (const auto& member : value.get_object()) {
    if (member.key() == "ip_allowlist") {
      TRY(conditions.ip_allowlist_, parse_allowlist(member.value()));
      conditions.has_ip_allowlist_ = true;
    } else if (member.key() == "time_window") {
      TRY(TimeWindow window, TimeWindow::parse(member.value()));
      conditions.window_ = std::make_shared<const TimeWindow>(window);
    } else {
      return wrong(std::string_view(member.key()), "isn't a known condition");
    }
  }
  return conditions;
}

std::size_t Conditions::bytes() const {
  return ip_allowlist_.capacity() * sizeof(Cidr) + (window_ ? sizeof(TimeWindow) + 32 : 0);
}

bool Conditions::hold(const IpAddress& client, TimePoint at) const {
  if (has_ip_allowlist_ && std::ranges::none_of(ip_allowlist_, [&](const Cidr& block) {
        return block.contains(client);
      })) {
    return false;
  }
  return !window_ || window_->holds(at);
}

}  // namespace oneclaw::domain

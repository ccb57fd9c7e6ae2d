#include "domain/quotas.h"

#include <string>

namespace oneclaw::domain {

namespace {

constexpr std::array<std::string_view, 4> kTierNames{"free", "pro", "business", "enterprise"};
constexpr std::array<std::string_view, 6> kMeteredNames{"requests", "vaults",       "secrets",
                                                        "agents",   "team_members", "shares"};

// In the order of Metered.
constexpr std::array<std::array<std::int64_t, 6>, 3> kDefaults{{
    {1'000, 3, 50, 5, 3, 10},
    {25'000, 25, 1'000, 50, 10, 100},
    {250'000, 100, 10'000, 500, 50, 1'000},
}};

}  // namespace

std::string_view to_string(Tier tier) {
  return kTierNames.at(static_cast<std::size_t>(tier));
}

std::optional<Tier> parse_tier(std::string_view name) {
  for (const Tier tier : kTiers) {
    if (to_string(tier) == name) return tier;
  }
  return std::nullopt;
}

std::string_view to_string(Metered what) {
  return kMeteredNames.at(static_cast<std::size_t>(what));
}

TierLimits default_limits(Tier tier) {
  TierLimits limits;
  if (tier == Tier::kEnterprise) return limits;
  for (const Metered what : kMetered) {
    limits.set(what,
               kDefaults.at(static_cast<std::size_t>(tier)).at(static_cast<std::size_t>(what)));
  }
  return limits;
}

Result<void> check_quota(Metered what, Tier tier, std::int64_t used,
                         std::optional<std::int64_t> limit) {
  if (!limit || used < *limit) return {};
  std::string detail = "The org has used up what its tier (" + std::string(to_string(tier)) +
                       ") allows of " + std::string(to_string(what)) + ": " +
                       std::to_string(*limit) +
                       (what == Metered::kRequests ? " in a calendar month." : ".");
  return Problem{.status = 402,
                 .code = "quota-exceeded",
                 .detail = std::move(detail),
                 .fields = {},
                 .retry_after_seconds = std::nullopt,
                 .allow = {}};
}

std::int64_t month_of(TimePoint at) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(at)};
  return (static_cast<int>(date.year()) - 1970) * std::int64_t{12} +
         static_cast<unsigned>(date.month()) - 1;
}

TimePoint month_start(std::int64_t month) {
  const auto year = static_cast<int>(1970 + month / 12);
  const auto number = static_cast<unsigned>(month % 12 + 1);
  return TimePoint{std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{number} / 1}};
}

}  // namespace oneclaw::domain

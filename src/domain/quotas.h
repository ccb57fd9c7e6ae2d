// Tiers and their limits. Pure: no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace oneclaw::domain {

enum class Tier : std::uint8_t { kFree, kPro, kBusiness, kEnterprise };
inline constexpr std::array<Tier, 4> kTiers{Tier::kFree, Tier::kPro, Tier::kBusiness,
                                            Tier::kEnterprise};
/// "free", "pro", "business" or "enterprise".
std::string_view to_string(Tier tier);
std::optional<Tier> parse_tier(std::string_view name);

/// What a tier limits: requests in a calendar month (UTC), and how many there are of the others.
enum class Metered : std::uint8_t { kRequests, kVaults, kSecrets, kAgents, kTeamMembers, kShares };
inline constexpr std::array<Metered, 6> kMetered{Metered::kRequests,    Metered::kVaults,
                                                 Metered::kSecrets,     Metered::kAgents,
                                                 Metered::kTeamMembers, Metered::kShares};
/// "requests", "vaults", "secrets", "agents", "team_members" or "shares".
std::string_view to_string(Metered what);

/// A limit for each of what is metered; nullopt: none.
struct TierLimits {
  std::array<std::optional<std::int64_t>, kMetered.size()> most{};

  [[nodiscard]] std::optional<std::int64_t> of(Metered what) const {
    return most.at(static_cast<std::size_t>(what));
  }
  void set(Metered what, std::optional<std::int64_t> limit) {
    most.at(static_cast<std::size_t>(what)) = limit;
  }
};

/// What a tier limits unless the operator says otherwise. Enterprise: nothing.
TierLimits default_limits(Tier tier);

/// 402 "quota-exceeded" when `used` has come to `limit`.
Result<void> check_quota(Metered what, Tier tier, std::int64_t used,
                         std::optional<std::int64_t> limit);

/// Months since January 1970 (UTC), and when a month begins.
std::int64_t month_of(TimePoint at);
TimePoint month_start(std::int64_t month);

}  // namespace oneclaw::domain

// The `rotation_policy` of a secret: how often it is rotated, and into what.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/generated_value.h"

namespace oneclaw::service {

inline constexpr std::int64_t kLeastGenerated = 8;
inline constexpr std::int64_t kMostGenerated = 1024;
inline constexpr std::chrono::seconds kLeastInterval{60};
inline constexpr std::chrono::seconds kMostInterval = std::chrono::days{3650};

struct RotationSchedule {
  std::chrono::seconds interval{0};
  std::int64_t length = 32;  ///< characters of each generated value
  crypto::Charset charset = crypto::Charset::kAlphanumeric;
};

/// `{"interval_days": 30, "length": 32, "charset": "alphanumeric"}`; `interval_seconds` in the
/// place of `interval_days`. Members that are not known are refused: a part of a policy must not be
/// dropped silently. 400s name e.g. "rotation_policy.length".
Result<RotationSchedule> parse_rotation_policy(std::string_view json);

/// The first time on the schedule after `at`: times that were missed are not made up for one by
/// one.
TimePoint next_rotation(TimePoint due, std::chrono::seconds interval, TimePoint at);

}  // namespace oneclaw::service

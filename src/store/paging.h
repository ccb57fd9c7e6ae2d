// Paging by key: a list goes on after the last key of the page before.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/uuid.h"

namespace oneclaw::store {

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// The id to go on after; the nil UUID sorts before every id.
inline Uuid after_or_start(const std::optional<Uuid>& after) {
  return after.value_or(Uuid{});
}

}  // namespace oneclaw::store

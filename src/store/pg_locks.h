// Advisory locks: what orders the nodes of a cluster.
#pragma once

#include <cstdint>
#include <string>

#include "base/uuid.h"

namespace oneclaw::store {

// "oneclaw" and a number, so that another program in the same database does not meet them.
inline constexpr std::int64_t kClusterLock = 0x6F6E65636C617701;
inline constexpr std::int64_t kMigrationLock = 0x6F6E65636C617702;
inline constexpr std::int64_t kProbeLock = 0x6F6E65636C617703;

/// Two orgs may share a lock, which costs them time alone.
inline std::int64_t org_lock(const Uuid& org_id) {
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    key = key << 8U | static_cast<std::uint64_t>(org_id.bytes[i] ^ org_id.bytes[i + 8]);
  }
  return static_cast<std::int64_t>(key);
}

}  // namespace oneclaw::store

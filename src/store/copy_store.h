// Moves all of a SQLite database into PostgreSQL.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace oneclaw::store {

struct CopyProgress {
  std::string_view step;   ///< "copy", "compare" or "chain"
  std::string_view table;  ///< for "chain": audit_events
  std::int64_t done = 0;   ///< rows
  std::int64_t total = 0;
};

struct CopyReport {
  std::int64_t tables = 0;
  std::int64_t rows = 0;    ///< in both databases, compared value by value
  std::int64_t chains = 0;  ///< orgs whose audit chain verifies and ends in the source's head
  std::int64_t events = 0;
};

/// Copies, then compares every row, and walks every audit chain. No server may use either database
/// meanwhile. What an earlier call has copied is not copied again; until a call has come to its
/// end no server starts on the destination. 500 with a clear detail, also when the destination was
/// not empty at the first call or does not equal the source at the end.
Result<CopyReport> copy_to_postgres(const std::filesystem::path& sqlite_file,
                                    const std::string& postgres_url,
                                    const std::function<void(const CopyProgress&)>& progress);

}  // namespace oneclaw::store

// A copy of the whole database as it was at one moment, to be streamed into a backup.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::store {

/// One snapshot, used by one thread. Its bytes are those of the engine's own form: for SQLite, a
/// database file; another engine would give its dump.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  [[nodiscard]] virtual std::string engine() const = 0;  ///< "sqlite"
  [[nodiscard]] virtual std::int64_t schema_version() const = 0;
  /// What it holds: ("secrets", 12), …
  [[nodiscard]] virtual const std::vector<std::pair<std::string, std::int64_t>>& counts() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;  ///< bytes
  /// The next bytes, as many as fit; 0 at the end.
  virtual Result<std::size_t> read(std::span<std::uint8_t> out) = 0;
};

/// Gives a restored file its final form: checks that it is a whole oneclaw database of a schema
/// that this binary knows. 500 otherwise.
Result<void> check_restored_sqlite(const std::filesystem::path& file);

}  // namespace oneclaw::store

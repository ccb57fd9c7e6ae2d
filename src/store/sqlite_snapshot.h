// Snapshot over SQLite's online backup.
#pragma once

#include <filesystem>
#include <memory>

#include "store/snapshot.h"

namespace oneclaw::store {

/// Copies the database beside itself in one read transaction, so that writers go on meanwhile; the
/// copy has no name any more when this returns.
Result<std::unique_ptr<Snapshot>> take_sqlite_snapshot(const std::filesystem::path& database);

/// Removes what a server that was killed while it took a snapshot left behind.
void remove_stale_snapshots(const std::filesystem::path& database);

}  // namespace oneclaw::store

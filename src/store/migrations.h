// The schema, as numbered migrations.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/connection.h"

namespace oneclaw::store {

/// The newest schema version this binary knows.
std::int64_t latest_schema_version();

/// Applies what is missing, each migration in a transaction of its own, recorded in
/// schema_migrations. 500 (code "schema-too-new") when the database is newer by more than
/// `versions_ahead`: migrations only add, so a binary serves on the version after its own while
/// the nodes of a cluster are upgraded one after the other.
Result<void> migrate(Connection& connection, std::int64_t versions_ahead = 0);

}  // namespace oneclaw::store

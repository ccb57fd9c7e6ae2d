// The schema, as numbered migrations.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/connection.h"

namespace oneclaw::store {

/// The newest schema version this binary knows.
std::int64_t latest_schema_version();

/// Applies what is missing, each migration in a transaction of its own, recorded in
/// schema_migrations. 500 (code "schema-too-new") when the database is of a newer version.
Result<void> migrate(Connection& connection);

}  // namespace oneclaw::store

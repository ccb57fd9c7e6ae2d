// The mark of a PostgreSQL database that a SQLite one is being copied into.
#pragma once

#include "base/result.h"
#include "store/pg_connection.h"

namespace oneclaw::store {

/// True while a copy is not finished. Throws Error.
bool is_being_copied(PgConnection& connection);

/// Makes the schema and the mark. 500 when a server has used the database. Throws Error.
Result<void> prepare_destination(PgConnection& connection);

/// Takes the mark away. Throws Error.
void finish_destination(PgConnection& connection);

}  // namespace oneclaw::store

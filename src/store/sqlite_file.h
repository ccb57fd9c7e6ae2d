// The SQLite file: made private, known as ours, and set up.
#pragma once

#include <filesystem>

#include "store/sqlite_connection.h"

namespace oneclaw::store {

/// Makes the file, or narrows the one there is, to mode 0600; SQLite gives its -wal and -shm the
/// same mode. Throws Error.
void make_private_file(const std::filesystem::path& file);

/// Throws Error unless the database is empty or bears our application_id. Changes nothing else
/// than to mark an empty one as ours.
void claim_database(SqliteConnection& connection);

/// The PRAGMAs of every connection. Throws Error.
void configure(SqliteConnection& connection);

}  // namespace oneclaw::store

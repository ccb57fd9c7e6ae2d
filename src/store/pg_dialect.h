// Our portable SQL in PostgreSQL's words.
#pragma once

#include <string>
#include <string_view>

namespace oneclaw::store {

/// A statement for prepare(): ?1 becomes $1, x'0a' a bytea literal, `IS ?1` the comparison that
/// takes NULL for a value. What is in quotes or comments stays, but for the comment
/// /*skip locked*/, which becomes FOR UPDATE SKIP LOCKED (SQLite has one writer and needs none).
std::string to_postgres(std::string_view sql);

/// Statements of a migration: the above, and BLOB becomes BYTEA, INTEGER BIGINT, REAL DOUBLE
/// PRECISION, TEXT a text that sorts by its bytes, and STRICT and WITHOUT ROWID go.
std::string schema_to_postgres(std::string_view sql);

}  // namespace oneclaw::store

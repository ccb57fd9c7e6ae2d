// Tables as lists of rows, whatever they hold.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "store/connection.h"
#include "store/sqlite_connection.h"

namespace oneclaw::store {

using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

struct TableShape {
  enum class Type { kInteger, kText, kBlob };
  struct Column {
    std::string name;
    Type type;
  };
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;  ///< places in `columns` of the primary key, in its order

  [[nodiscard]] Row key_of(const Row& row) const;
};

/// The tables of a SQLite database, each after those that its foreign keys name; without the list
/// of migrations. Throws Error for a table without a primary key or of an unknown type.
std::vector<TableShape> tables_of(SqliteConnection& connection);

// Over either database. They throw Error.
std::int64_t count_rows(Connection& connection, const TableShape& table);
/// Empty for an empty table.
Row last_key(Connection& connection, const TableShape& table);
/// Up to `limit` rows whose key is greater than `key` (all, when it is empty), in order of the key.
std::vector<Row> rows_after(Connection& connection, const TableShape& table, const Row& key,
                            std::int64_t limit);
void insert_row(Connection& connection, const TableShape& table, const Row& row);

}  // namespace oneclaw::store

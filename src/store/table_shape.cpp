#include "store/table_shape.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace oneclaw::store {

namespace {

TableShape::Type type_of(const std::string& table, const std::string& name) {
  if (name == "INTEGER") return TableShape::Type::kInteger;
  if (name == "TEXT") return TableShape::Type::kText;
  if (name == "BLOB") return TableShape::Type::kBlob;
  throw Error(Error::Kind::kOther, "table " + table + " has a column of the type " + name);
}

TableShape shape_of(SqliteConnection& connection, const std::string& name) {
  TableShape table{.name = name, .columns = {}, .key = {}};
  std::map<std::int64_t, std::size_t> key;
  auto query = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid");
  query.bind(1, name);
  while (query.step()) {
    if (query.integer(2) > 0) key[query.integer(2)] = table.columns.size();
    table.columns.push_back({query.text(0), type_of(name, query.text(1))});
  }
  for (const auto& [place, column] : key) table.key.push_back(column);
  if (table.key.empty()) throw Error(Error::Kind::kOther, "table " + name + " has no primary key");
  return table;
}

std::vector<std::string> texts(SqliteConnection& connection, std::string_view sql,
                               std::string_view parameter) {
  auto query = connection.prepare(sql);
  query.bind(1, parameter);
  std::vector<std::string> found;
  while (query.step()) found.push_back(query.text(0));
  return found;
}

/// Puts `name` after what it refers to.
void place(SqliteConnection& connection, const std::string& name, std::set<std::string>& placed,
           std::vector<TableShape>& tables) {
  if (!placed.insert(name).second) return;
  for (const std::string& other :
       texts(connection, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)", name)) {
    place(connection, other, placed, tables);
  }
  tables.push_back(shape_of(connection, name));
}

std::string columns_of(const TableShape& table) {
  std::string list;
  for (const TableShape::Column& column : table.columns) {
    list += (list.empty() ? "" : ", ") + column.name;
  }
  return list;
}

std::string key_columns(const TableShape& table, std::string_view order = {}) {
  std::string list;
  for (const std::size_t place : table.key) {
    list += (list.empty() ? "" : ", ") + table.columns[place].name + std::string(order);
  }
  return list;
}

std::string parameters(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    list += (i == 0 ? "?" : ", ?") + std::to_string(first + i);
  }
  return list;
}

void bind(Statement& statement, std::size_t index, const Value& value) {
  const int place = static_cast<int>(index);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    statement.bind(place, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    statement.bind(place, *text);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    statement.bind(place, *bytes);
  } else {
    statement.bind(place, std::nullopt);
  }
}

Value value_at(Statement& query, int place, TableShape::Type type) {
  if (query.is_null(place)) return nullptr;
  if (type == TableShape::Type::kInteger) return query.integer(place);
  if (type == TableShape::Type::kText) return query.text(place);
  return query.blob(place);
}

}  // namespace

Row TableShape::key_of(const Row& row) const {
  Row values;
  for (const std::size_t place : key) values.push_back(row[place]);
  return values;
}

std::vector<TableShape> tables_of(SqliteConnection& connection) {
  const auto names = texts(connection,
                           "SELECT name FROM sqlite_master WHERE type = ?1 AND name NOT LIKE "
                           "'sqlite_%' AND name <> 'schema_migrations' ORDER BY name",
                           "table");
  std::set<std::string> placed;
  std::vector<TableShape> tables;
  for (const std::string& name : names) place(connection, name, placed, tables);
  return tables;
}

std::int64_t count_rows(Connection& connection, const TableShape& table) {
  auto query = connection.prepare("SELECT count(*) FROM " + table.name);
  query.step();
  return query.integer(0);
}

Row last_key(Connection& connection, const TableShape& table) {
  auto query = connection.prepare("SELECT " + key_columns(table) + " FROM " + table.name +
                                  " ORDER BY " + key_columns(table, " DESC") + " LIMIT 1");
  Row values;
  if (!query.step()) return values;
  int column = 0;
  for (const std::size_t place : table.key) {
    values.push_back(value_at(query, column++, table.columns[place].type));
  }
  return values;
}

std::vector<Row> rows_after(Connection& connection, const TableShape& table, const Row& key,
                            std::int64_t limit) {
  std::string sql = "SELECT " + columns_of(table) + " FROM " + table.name;
  if (!key.empty()) {
    sql += " WHERE (" + key_columns(table) + ") > (" + parameters(2, key.size()) + ")";
  }
  sql += " ORDER BY " + key_columns(table) + " LIMIT ?1";
  auto query = connection.prepare(sql);
  query.bind(1, limit);
  for (std::size_t i = 0; i < key.size(); ++i) bind(query, i + 2, key[i]);
  std::vector<Row> rows;
  while (query.step()) {
    Row row;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      row.push_back(value_at(query, static_cast<int>(i), table.columns[i].type));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void insert_row(Connection& connection, const TableShape& table, const Row& row) {
  auto insert = connection.prepare("INSERT INTO " + table.name + " (" + columns_of(table) +
                                   ") VALUES (" + parameters(1, row.size()) + ")");
  for (std::size_t i = 0; i < row.size(); ++i) bind(insert, i + 1, row[i]);
  insert.run();
}

}  // namespace oneclaw::store

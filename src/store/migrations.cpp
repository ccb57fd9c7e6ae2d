#include "store/migrations.h"

#include <array>
#include <string>
#include <string_view>

#include "base/time.h"
#include "store/schema_1.h"
#include "store/schema_10.h"
#include "store/schema_11.h"
#include "store/schema_2.h"
#include "store/schema_3.h"
#include "store/schema_4.h"
#include "store/schema_5.h"
#include "store/schema_6.h"
#include "store/schema_7.h"
#include "store/schema_8.h"
#include "store/schema_9.h"

namespace oneclaw::store {

namespace {

/// The migration at index i brings the schema from version i to i + 1.
constexpr std::array<std::string_view, 11> kMigrations{kSchema1, kSchema2,  kSchema3, kSchema4,
                                                       kSchema5, kSchema6,  kSchema7, kSchema8,
                                                       kSchema9, kSchema10, kSchema11};

std::int64_t schema_version(Connection& connection) {
  auto query = connection.prepare("SELECT COALESCE(MAX(version), 0) FROM schema_migrations");
  query.step();
  return query.integer(0);
}

void apply(Connection& connection, std::int64_t version, std::string_view sql) {
  connection.execute("BEGIN");
  try {
    connection.execute(sql);
    connection.prepare("INSERT INTO schema_migrations (version, applied_at) VALUES (?1, ?2)")
        .bind(1, version)
        .bind(2, now())
        .run();
    connection.execute("COMMIT");
  } catch (const Error&) {
    connection.execute("ROLLBACK");
    throw;
  }
}

}  // namespace

std::int64_t latest_schema_version() {
  return std::int64_t{kMigrations.size()};
}

Result<void> migrate(Connection& connection, std::int64_t versions_ahead) {
  try {
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version INTEGER NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
    const std::int64_t current = schema_version(connection);
    if (current > latest_schema_version() + versions_ahead) {
      Problem problem =
          problems::internal("The database has schema version " + std::to_string(current) +
                             ", but this oneclaw knows only versions up to " +
                             std::to_string(latest_schema_version()) + ": use a newer oneclaw.");
      problem.code = "schema-too-new";
      return problem;
    }
    for (std::int64_t version = current + 1; version <= latest_schema_version(); ++version) {
      apply(connection, version, kMigrations.at(static_cast<std::size_t>(version - 1)));
    }
    return {};
  } catch (const Error& error) {
    return problems::internal(
        "The database schema can't be brought up to date: " + std::string(error.what()) + ".");
  }
}

}  // namespace oneclaw::store

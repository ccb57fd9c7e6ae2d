#include "store/pg_copy_mark.h"

#include "store/migrations.h"

namespace oneclaw::store {

namespace {

bool holds(PgConnection& connection, std::string_view sql) {
  auto query = connection.prepare(sql);
  return query.step() && query.boolean(0);
}

}  // namespace

bool is_being_copied(PgConnection& connection) {
  return holds(connection, "SELECT to_regclass('oneclaw_copy') IS NOT NULL");
}

Result<void> prepare_destination(PgConnection& connection) {
  if (is_being_copied(connection)) return migrate(connection);
  CHECK_OK(migrate(connection));
  if (holds(connection,
            "SELECT EXISTS (SELECT 1 FROM signing_keys) OR EXISTS (SELECT 1 FROM orgs)")) {
    return problems::internal("The destination isn't empty: a server has used it.");
  }
  connection.execute("CREATE TABLE oneclaw_copy (started_at TIMESTAMPTZ DEFAULT now())");
  return {};
}

void finish_destination(PgConnection& connection) {
  connection.execute("DROP TABLE oneclaw_copy");
}

}  // namespace oneclaw::store

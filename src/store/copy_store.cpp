#include "store/copy_store.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "domain/audit_chain.h"
#include "store/audit_anchor_repository.h"
#include "store/audit_repository.h"
#include "store/migrations.h"
#include "store/pg_connection.h"
#include "store/pg_copy_mark.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"
#include "store/store.h"
#include "store/table_shape.h"

namespace oneclaw::store {

namespace {

constexpr std::int64_t kPage = 200;
constexpr std::int64_t kWalkPage = 1000;

class Copy {
 public:
  Copy(SqliteConnection& source, PgConnection& destination,
       const std::function<void(const CopyProgress&)>& progress)
      : source_(source), destination_(destination), progress_(progress) {}

  Result<CopyReport> run() {
    const std::vector<TableShape> tables = tables_of(source_);
    for (const TableShape& table : tables) copy(table);
    for (const TableShape& table : tables) CHECK_OK(compare(table));
    CHECK_OK(walk_chains());
    report_.tables = static_cast<std::int64_t>(tables.size());
    return report_;
  }

 private:
  void tell(std::string_view step, const TableShape& table, std::int64_t done, std::int64_t total) {
    progress_({step, table.name, done, total});
  }

  /// Rows go in the order of their primary key, so the greatest key there says where to go on.
  void copy(const TableShape& table) {
    const std::int64_t total = count_rows(source_, table);
    std::int64_t done = count_rows(destination_, table);
    Row last = last_key(destination_, table);
    tell("copy", table, done, total);
    for (;;) {
      const std::vector<Row> rows = rows_after(source_, table, last, kPage);
      if (rows.empty()) break;
      destination_.defer("BEGIN");
      for (const Row& row : rows) insert_row(destination_, table, row);
      destination_.commit();
      last = table.key_of(rows.back());
      done += static_cast<std::int64_t>(rows.size());
      tell("copy", table, done, total);
    }
  }

  Result<void> compare(const TableShape& table) {
    const std::int64_t total = count_rows(source_, table);
    std::int64_t done = 0;
    Row last;
    for (;;) {
      const std::vector<Row> rows = rows_after(source_, table, last, kPage);
      if (rows != rows_after(destination_, table, last, kPage)) {
        return problems::internal("The table " + table.name +
                                  " differs from the source's: make the database anew and start "
                                  "again.");
      }
      if (rows.empty()) break;
      last = table.key_of(rows.back());
      done += static_cast<std::int64_t>(rows.size());
      tell("compare", table, done, total);
    }
    if (count_rows(destination_, table) != total || done != total) {
      return problems::internal("The table " + table.name + " has another number of rows.");
    }
    report_.rows += total;
    return {};
  }

  Result<void> walk_chains() {
    std::vector<Uuid> orgs;
    {
      auto query = source_.prepare("SELECT org_id FROM audit_heads ORDER BY org_id");
      while (query.step()) orgs.push_back(query.uuid(0));
    }
    for (const Uuid& org_id : orgs) {
      CHECK_OK(walk(org_id));
      ++report_.chains;
      progress_({"chain", "audit_events", report_.chains, static_cast<std::int64_t>(orgs.size())});
    }
    return {};
  }

  Result<void> walk(const Uuid& org_id) {
    const ChangeClock clock;
    Transaction from(source_, clock, clock.now(), nullptr);
    Transaction to(destination_, clock, clock.now(), nullptr);
    AuditRepository events(to);
    const domain::ChainHead head = AuditRepository(from).head(org_id);
    const auto anchor = AuditAnchorRepository(to).find(org_id);
    domain::ChainVerifier verifier(anchor ? anchor->head() : domain::ChainHead{});
    std::int64_t after = verifier.head().sequence;
    for (;;) {
      const auto page = events.walk(org_id, after, kWalkPage);
      if (page.empty()) break;
      for (const domain::AuditEvent& event : page) {
        after = event.sequence;
        if (!verifier.accept(event)) break;
        ++report_.events;
      }
      if (!verifier.valid()) break;
    }
    if (!verifier.valid() || verifier.head().sequence != head.sequence ||
        verifier.head().hash != head.hash || events.head(org_id).hash != head.hash) {
      return problems::internal("The audit chain of org " + org_id.to_string() +
                                " does not verify.");
    }
    return {};
  }

  SqliteConnection& source_;
  PgConnection& destination_;
  const std::function<void(const CopyProgress&)>& progress_;
  CopyReport report_{};
};

}  // namespace

Result<CopyReport> copy_to_postgres(const std::filesystem::path& sqlite_file,
                                    const std::string& postgres_url,
                                    const std::function<void(const CopyProgress&)>& progress) {
  try {
    SqliteConnection source(sqlite_file, std::chrono::seconds(5));
    claim_database(source);
    configure(source);
    CHECK_OK(migrate(source));
    PgTimeouts timeouts;
    timeouts.idle_in_transaction = std::chrono::minutes(10);
    timeouts.statement = std::chrono::minutes(10);
    timeouts.reply = std::chrono::minutes(11);
    PgConnection destination(postgres_url, timeouts);
    CHECK_OK(prepare_destination(destination));
    TRY(const CopyReport report, Copy(source, destination, progress).run());
    finish_destination(destination);
    return report;
  } catch (const std::exception& error) {
    return problems::internal("The store can't be copied: " + std::string(error.what()) + ".");
  }
}

}  // namespace oneclaw::store

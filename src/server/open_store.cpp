#include "server/open_store.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "store/key_repository.h"
#include "store/pg_store.h"

namespace oneclaw::server {

namespace asio = boost::asio;

namespace {

void log_failure(std::string_view what) {
  spdlog::error("store: {}", what);
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(const Config& config,
                                                 std::shared_ptr<const store::RowSeal> row_seal) {
  if (config.database.empty()) {
    store::SqliteOptions options = config.store;
    options.file = config.data / "oneclaw.db";
    options.on_failure = log_failure;
    options.row_seal = std::move(row_seal);
    return store::open_sqlite(options);
  }
  if (!config.database.starts_with("postgresql://") &&
      !config.database.starts_with("postgres://")) {
    return problems::validation("database", "must be a postgresql:// URL");
  }
  store::PgOptions options;
  options.url = config.database;
  options.replica_url = config.database_replica;
  options.readers = config.database_readers;
  options.writers = config.database_writers;
  options.most_queued_reads = config.store.most_queued_reads;
  options.most_queued_writes = config.store.most_queued_writes;
  options.longest_wait = config.store.longest_wait;
  options.on_failure = log_failure;
  options.row_seal = std::move(row_seal);
  return store::open_postgres(options);
}

asio::awaitable<Result<bool>> is_fresh(store::Store& store) {
  const auto read = [](store::Transaction& transaction) -> Result<bool> {
    return store::KeyRepository(transaction).signing_keys().empty();
  };
  co_return co_await store.read(read);
}

}  // namespace oneclaw::server

#include "store/sqlite_snapshot.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/encoding.h"
#include "store/migrations.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"

namespace oneclaw::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kInfix = ".snapshot-";
constexpr std::chrono::milliseconds kBusyTimeout{5000};
constexpr std::array<const char*, 8> kCounted{
    "orgs", "users", "agents", "vaults", "secrets", "secret_versions", "policies", "audit_events"};

Problem failed(std::string_view why) {
  return problems::internal("The snapshot of the database failed: " + std::string(why) + ".");
}

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Database open_raw(const fs::path& file, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) database.reset();
  return database;
}

Result<void> copy_database(const fs::path& from, const fs::path& to) {
  const Database source = open_raw(from, SQLITE_OPEN_READONLY);
  const Database target = open_raw(to, SQLITE_OPEN_READWRITE);
  if (!source || !target) return failed("it can't be opened");
  sqlite3_busy_timeout(source.get(), static_cast<int>(kBusyTimeout.count()));
  // The copy is thrown away should we be killed.
  sqlite3_exec(target.get(), "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", nullptr,
               nullptr, nullptr);
  sqlite3_backup* const backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) return failed(sqlite3_errmsg(target.get()));
  const int stepped = sqlite3_backup_step(backup, -1);  // one read transaction: one moment
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE || finished != SQLITE_OK) return failed(sqlite3_errstr(stepped));
  return {};
}

class SqliteSnapshot final : public Snapshot {
 public:
  SqliteSnapshot(int file, std::uint64_t size, std::int64_t schema,
                 std::vector<std::pair<std::string, std::int64_t>> counts)
      : file_(file), size_(size), schema_(schema), counts_(std::move(counts)) {}
  ~SqliteSnapshot() override { ::close(file_); }
  SqliteSnapshot(const SqliteSnapshot&) = delete;
  SqliteSnapshot& operator=(const SqliteSnapshot&) = delete;

  [[nodiscard]] std::string engine() const override { return "sqlite"; }
  [[nodiscard]] std::int64_t schema_version() const override { return schema_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::int64_t>>& counts() const override {
    return counts_;
  }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = ::read(file_, out.data() + done, out.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("it can't be read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  int file_;
  std::uint64_t size_;
  std::int64_t schema_;
  std::vector<std::pair<std::string, std::int64_t>> counts_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> take_sqlite_snapshot(const fs::path& database) {
  std::array<std::uint8_t, 8> random{};
  randombytes_buf(random.data(), random.size());
  const fs::path file = database.string() + std::string(kInfix) + to_hex(random);
  const auto take = [&]() -> Result<std::unique_ptr<Snapshot>> {
    make_private_file(file);
    CHECK_OK(copy_database(database, file));
    std::vector<std::pair<std::string, std::int64_t>> counts;
    std::int64_t schema = 0;
    {
      SqliteConnection connection(file, kBusyTimeout);
      schema = connection.query_integer("SELECT MAX(version) FROM schema_migrations");
      for (const char* table : kCounted) {
        counts.emplace_back(table,
                            connection.query_integer(std::string("SELECT COUNT(*) FROM ") + table));
      }
    }
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (descriptor < 0 || ::fstat(descriptor, &info) != 0) return failed("it can't be read");
    return std::unique_ptr<Snapshot>(std::make_unique<SqliteSnapshot>(
        descriptor, static_cast<std::uint64_t>(info.st_size), schema, std::move(counts)));
  };
  Result<std::unique_ptr<Snapshot>> snapshot = problems::internal();
  try {
    snapshot = take();
  } catch (const Error& error) {
    snapshot = failed(error.what());
  }
  for (const char* end : {"", "-wal", "-shm", "-journal"}) ::unlink((file.string() + end).c_str());
  return snapshot;
}

void remove_stale_snapshots(const fs::path& database) {
  std::error_code error;
  const std::string prefix = database.filename().string() + std::string(kInfix);
  for (const auto& entry : fs::directory_iterator(database.parent_path(), error)) {
    if (entry.path().filename().string().starts_with(prefix)) fs::remove(entry.path(), error);
  }
}

Result<void> check_restored_sqlite(const fs::path& file) {
  try {
    SqliteConnection connection(file, kBusyTimeout);
    claim_database(connection);
    {
      auto check = connection.prepare("PRAGMA quick_check");
      if (!check.step() || check.text(0) != "ok") return failed("the restored file is damaged");
    }
    if (connection.query_integer("SELECT MAX(version) FROM schema_migrations") >
        latest_schema_version()) {
      return problems::internal("The backup is of a newer oneclaw: use that one.");
    }
    return {};
  } catch (const Error& error) {
    return failed(error.what());
  }
}

}  // namespace oneclaw::store

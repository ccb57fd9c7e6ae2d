#include "store/sqlite_connection.h"

#include <sqlite3.h>

#include <cstddef>

namespace oneclaw::store {

namespace {

Error::Kind kind_of(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Error::Kind::kUnique;
    default:
      break;
  }
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return Error::Kind::kConstraint;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error::Kind::kBusy;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
      return Error::Kind::kUnavailable;
    default:
      return Error::Kind::kOther;
  }
}

[[noreturn]] void fail(sqlite3* handle, int code) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  const char* text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  throw Error(kind_of(extended), text);
}

}  // namespace

class SqliteStatement final : public Statement::Impl {
 public:
  SqliteStatement(sqlite3* handle, std::string_view sql) : handle_(handle) {
    const int code = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) fail(handle, code);
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void lend() {
    if (on_loan_) throw Error(Error::Kind::kOther, "a statement is in use already");
    on_loan_ = true;
  }

  void bind_null(int index) override { check(sqlite3_bind_null(statement_, index)); }
  void bind_int(int index, std::int64_t value) override {
    check(sqlite3_bind_int64(statement_, index, value));
  }
  void bind_text(int index, std::string_view value) override {
    bind(index, value, SQLITE_TRANSIENT);
  }
  void bind_blob(int index, ByteView value) override { bind(index, value, SQLITE_TRANSIENT); }
  void bind_lasting_text(int index, std::string_view value) override {
    bind(index, value, SQLITE_STATIC);
  }
  void bind_lasting_blob(int index, ByteView value) override { bind(index, value, SQLITE_STATIC); }
  bool step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    check(code == SQLITE_DONE ? SQLITE_OK : code);
    return false;
  }
  bool is_null(int column) override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) override {
    const void* text = sqlite3_column_text(statement_, column);
    return {static_cast<const char*>(text), size(column)};
  }
  ByteView blob(int column) override {
    const void* blob = sqlite3_column_blob(statement_, column);
    return {static_cast<const std::uint8_t*>(blob), size(column)};
  }
  void reset() override {
    sqlite3_reset(statement_);  // gives the last step()'s error again
    sqlite3_clear_bindings(statement_);
    on_loan_ = false;
  }

 private:
  void bind(int index, std::string_view value, sqlite3_destructor_type destructor) {
    const char* text = value.data() != nullptr ? value.data() : "";  // a null pointer binds NULL
    check(sqlite3_bind_text64(statement_, index, text, value.size(), destructor, SQLITE_UTF8));
  }
  void bind(int index, ByteView value, sqlite3_destructor_type destructor) {
    check(value.empty()
              ? sqlite3_bind_zeroblob(statement_, index, 0)
              : sqlite3_bind_blob64(statement_, index, value.data(), value.size(), destructor));
  }
  void check(int code) const {
    if (code != SQLITE_OK) fail(handle_, code);
  }
  std::size_t size(int column) {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  }

  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  bool on_loan_ = false;
};

void SqliteConnection::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

SqliteConnection::SqliteConnection(const std::filesystem::path& file,
                                   std::chrono::milliseconds busy_timeout) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);  // there is one to close even after most failures
  if (code != SQLITE_OK) fail(handle, code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

SqliteConnection::~SqliteConnection() = default;

Statement SqliteConnection::prepare(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    auto statement = std::make_unique<SqliteStatement>(handle_.get(), sql);
    found = cache_.emplace(sql, std::move(statement)).first;
  }
  found->second->lend();
  return Statement(found->second.get());
}

void SqliteConnection::execute(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code);
}

std::int64_t SqliteConnection::changes() {
  return sqlite3_changes64(handle_.get());
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t SqliteConnection::total_changes() const {
  return sqlite3_total_changes64(handle_.get());
}

void SqliteConnection::leave_checkpoints() {
  const auto note = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_.get(), note, &log_pages_);
}

bool SqliteConnection::checkpoint() {
  int log = 0;
  int done = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
  if (code != SQLITE_OK) fail(handle_.get(), code);
  return log == done;
}

std::int64_t SqliteConnection::query_integer(std::string_view sql) {
  Statement query = prepare(sql);
  if (!query.step()) throw Error(Error::Kind::kOther, "a query gave no row");
  return query.integer(0);
}

}  // namespace oneclaw::store

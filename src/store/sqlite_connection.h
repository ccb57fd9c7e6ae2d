// Connection over SQLite.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/connection.h"

struct sqlite3;

namespace oneclaw::store {

class SqliteStatement;

/// What SQLite calls a constraint name, a table or a file may be in an Error's text; a bound value
/// never is.
class SqliteConnection final : public Connection {
 public:
  /// Opens a file that exists. Throws Error.
  SqliteConnection(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Statement prepare(std::string_view sql) override;
  void execute(std::string_view sql) override;
  std::int64_t changes() override;

  /// False once SQLite has rolled back by itself, as it does when the disk is full.
  [[nodiscard]] bool in_transaction() const;
  /// Rows changed since the connection was opened.
  [[nodiscard]] std::int64_t total_changes() const;
  /// From now on this connection's commits leave check-points to others; log_pages() tells when.
  void leave_checkpoints();
  /// Pages in the write-ahead log after this connection's last commit.
  [[nodiscard]] int log_pages() const { return log_pages_; }
  /// Moves what it can of the log into the file, and waits for nobody. False when some is left.
  bool checkpoint();
  /// The first column of a statement's first row, such as a PRAGMA's.
  std::int64_t query_integer(std::string_view sql);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Close {
    void operator()(sqlite3* handle) const;
  };

  int log_pages_ = 0;
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<std::string, std::unique_ptr<SqliteStatement>, Hash, std::equal_to<>> cache_;
};

}  // namespace oneclaw::store

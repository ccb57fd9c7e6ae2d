// Connection over PostgreSQL, by libpq's pipeline mode: what needs no answer yet costs no round
// trip.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/connection.h"

struct pg_conn;
struct pg_result;

namespace oneclaw::store {

class PgStatement;

struct PgTimeouts {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds statement{15'000};  ///< the server ends a statement that takes longer
  std::chrono::milliseconds lock{8'000};        ///< waiting for another node's locks
  /// The server ends a session that holds a transaction open and is silent: a node that stands
  /// still must not hold its locks for long.
  std::chrono::milliseconds idle_in_transaction{3'000};
  std::chrono::milliseconds reply{20'000};  ///< silence of the server after which it is given up
};

/// Statements are sent at once but waited for only where an answer is wanted: run() gives its
/// error at the next step(), changes() or flush() of the connection instead.
///
/// An Error's text has the SQLSTATE and names of constraints and tables; of a message's text only
/// what can't hold a bound value.
class PgConnection final : public Connection {
 public:
  /// `url`: what libpq takes, postgresql://… or key=value. Throws Error.
  PgConnection(const std::string& url, const PgTimeouts& timeouts);
  ~PgConnection() override;
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  Statement prepare(std::string_view sql) override;
  /// DDL in our portable words, or commands; waits for the end.
  void execute(std::string_view sql) override;
  std::int64_t changes() override;

  /// Sends one statement without parameters, in PostgreSQL's words; its error comes later.
  void defer(std::string_view sql);
  /// Waits for all that was sent. Throws the first error.
  void flush();
  /// Gives all that was sent to the server, and waits for none of it.
  void send_off();
  /// Commits and waits for it. Throws unless the server says that it has committed; when broken()
  /// is set then, nobody knows whether it has.
  void commit();
  /// The same, and gives how far the server's log has come (an LSN), in the same round trip; the
  /// largest of all numbers when only that can't be had.
  std::int64_t commit_and_locate();
  /// Drops what was sent and its errors, and rolls back. Never throws; see broken().
  void roll_back() noexcept;
  /// True when nothing was sent that hasn't been answered.
  [[nodiscard]] bool idle() const { return sent_.empty(); }
  /// The connection is of no more use: make a new one.
  [[nodiscard]] bool broken() const { return broken_; }
  /// True inside a transaction as far as the server has told.
  [[nodiscard]] bool in_transaction() const;

  /// True when the server's process isn't the one that libpq thinks it talks to.
  bool is_pooled();
  /// The notices (LISTEN) that have come up to the last answer.
  std::vector<std::string> take_notices();
  /// Waits until something arrives or `most` has passed.
  void wait_for_notices(std::chrono::milliseconds most);

 private:
  friend class PgStatement;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Close {
    void operator()(pg_conn* handle) const;
  };
  struct CloseResult {
    void operator()(pg_result* result) const;
  };
  using ResultPtr = std::unique_ptr<pg_result, CloseResult>;
  enum class Sent { kPrepare, kCommand, kQuery, kSync };
  struct Item {
    Sent kind;
    PgStatement* statement;
  };

  void start(PgStatement& statement);
  /// Waits for all that was sent; the last query's result.
  ResultPtr finish();
  void sync();
  void commit_ended() const;
  void note(const Item& item, ResultPtr& result);
  ResultPtr take_result();
  void send_all();
  void wait_readable(std::chrono::steady_clock::time_point deadline, bool to_write);
  [[noreturn]] void lost(const char* what);
  void check_sent(int ok);

  PgTimeouts timeouts_;
  std::unique_ptr<pg_conn, Close> handle_;
  std::unordered_map<std::string, std::unique_ptr<PgStatement>, Hash, std::equal_to<>> cache_;
  std::deque<Item> sent_;
  std::int64_t changes_ = 0;
  std::string last_command_{};  ///< the server's word for the last defer()
  std::uint64_t next_name_ = 0;
  bool broken_ = false;
};

}  // namespace oneclaw::store

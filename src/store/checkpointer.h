// Moves the write-ahead log into the database file, beside the one that writes.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "store/sqlite_connection.h"

namespace oneclaw::store {

/// SQLite would check-point within some write's commit, and all that wait for that commit would
/// wait for it too. This does nearly all of it on a thread of its own. A log can start anew only
/// when none is left over, and beside a busy writer some always is: once the log is long, the
/// writer does the rest itself, between two commits (see Writer::see_to_checkpoints).
class Checkpointer {
 public:
  /// Pages that are written to the log before it is worth a check-point.
  static constexpr int kStepPages = 1000;
  /// Pages of the log from which on the writer helps: 32 MiB.
  static constexpr int kLongLogPages = 8192;

  Checkpointer(std::unique_ptr<SqliteConnection> connection,
               std::function<void(std::string_view)> tell);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// The log has grown. Does not wait.
  void wake();

 private:
  void loop();

  std::unique_ptr<SqliteConnection> connection_;
  std::function<void(std::string_view)> tell_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace oneclaw::store

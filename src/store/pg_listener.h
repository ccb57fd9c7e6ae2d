// What other nodes' commits have changed, heard of by LISTEN/NOTIFY.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "store/change_clock.h"
#include "store/pg_progress.h"
#include "store/pg_session.h"
#include "store/pg_store.h"

namespace oneclaw::store {

/// The statement that tells all nodes, when its transaction commits, what it has changed; there
/// must be something.
std::string notify_statement(const WriteBatch& batch);

/// Tells a clock of the changes in a notice; of all when it can't be read.
void apply_notice(std::string_view notice, ChangeClock& clock);

/// Listens on a connection and a thread of its own.
///
/// A round trip every kBeat proves that all changes answered before its start have been heard of
/// (PostgreSQL hands out a commit's notices before it answers the committer, and a listener's
/// before it answers the listener), so the clock may be trusted up to kTrusted after that start
/// and no longer: a node that lost its listener, or stood still, asks the database each time. So no
/// node serves what was revoked more than kTrusted ago. A pooler between could answer the round
/// trip and drop the notices: behind one the clock is never trusted.
class PgListener {
 public:
  static constexpr std::chrono::milliseconds kBeat{200};
  static constexpr std::chrono::milliseconds kTrusted{1000};

  /// Tells `reach` whenever it has connected, so that a node is back 200 ms after its database.
  PgListener(const PgOptions& options, ChangeClock& clock, PgProgress& progress, PgReach& reach);
  ~PgListener();
  PgListener(const PgListener&) = delete;
  PgListener& operator=(const PgListener&) = delete;

 private:
  void loop();
  bool listen();
  void beat(PgConnection& connection);
  void tell(std::string_view text) const;

  const PgOptions& options_;
  ChangeClock& clock_;
  PgProgress& progress_;
  PgReach& reach_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace oneclaw::store

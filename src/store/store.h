// Store: transactions over a database, off the I/O threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/change_clock.h"
#include "store/connection.h"
#include "store/snapshot.h"

namespace oneclaw::store {

class ChainHeads;

/// What the jobs of one write transaction have done so far.
struct WriteBatch {
  std::vector<Change> changes;  ///< of jobs that were rolled back too
  bool all_changed = false;
  ChainHeads* heads = nullptr;
};

/// An open transaction: repositories are made from it.
class Transaction {
 public:
  /// `mark`: the clock before it began. `batch`: null for a read.
  Transaction(Connection& connection, const ChangeClock& clock, ChangeClock::Mark mark,
              WriteBatch* batch)
      : connection_(connection), clock_(clock), mark_(mark), batch_(batch) {}
  Connection& connection() { return connection_; }

  [[nodiscard]] bool writes() const { return batch_ != nullptr; }
  /// What this transaction sees is of that moment or later.
  [[nodiscard]] ChangeClock::Mark mark() const { return mark_; }
  /// The same as the clock's, and aware of writes that this transaction sees uncommitted. Never
  /// true in a write where other nodes write too: what it decides by is read behind its locks.
  [[nodiscard]] bool unchanged_since(ChangeClock::Mark mark, Topic topic, const Uuid& id) const;
  /// The heads in memory; null in a read.
  [[nodiscard]] ChainHeads* heads() { return batch_ == nullptr ? nullptr : batch_->heads; }

  /// Says that this write changes what `id` names, so that no cache serves the old state once the
  /// write is committed. Every repository method that changes or deletes a row on which sign-in,
  /// tokens, access, vaults or secrets hang calls it; one that adds a row calls it when that
  /// changes what is known of something older (a policy: its principal; a KEK: its vault).
  void touch(Topic topic, const Uuid& id) {
    if (batch_ != nullptr) batch_->changes.push_back({topic, id});
  }
  /// The same for a write that changes more than can be named, such as all of an org. Rare: every
  /// cache starts anew.
  void touch_all() {
    if (batch_ != nullptr) batch_->all_changed = true;
  }

 private:
  Connection& connection_;
  const ChangeClock& clock_;
  const ChangeClock::Mark mark_;
  WriteBatch* const batch_;
};

/// A body of work inside a transaction, by reference: the caller keeps it alive.
class WorkRef {
 public:
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, WorkRef>) WorkRef(F& work)  // NOLINT
      : object_(&work), call_([](void* object, Transaction& transaction) {
          return (*static_cast<F*>(object))(transaction);
        }) {}
  /// True to keep the work's changes, false to roll them back.
  bool operator()(Transaction& transaction) const { return call_(object_, transaction); }

 private:
  void* object_;
  bool (*call_)(void*, Transaction&);
};

/// `f(Transaction&) -> Result<T>` runs on a thread of the store's; its coroutine resumes on the
/// executor it came from. Thread-safe. The store must outlive every call.
class Store {
 public:
  virtual ~Store() = default;

  /// Runs `f` on a consistent read-only snapshot.
  template <class F>
  auto read(F f) -> boost::asio::awaitable<std::invoke_result_t<F&, Transaction&>> {
    std::optional<std::invoke_result_t<F&, Transaction&>> outcome;
    auto work = [&](Transaction& transaction) {
      outcome.emplace(f(transaction));
      return true;
    };
    Result<void> ran = co_await run_read(work);
    if (!ran.ok()) co_return std::move(ran).problem();
    co_return std::move(*outcome);
  }

  /// A copy of all of it as it is now. Blocks: not for an I/O thread. 500 when it can't be had.
  virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;

  /// Runs `f` in a write transaction, batched with other writers' (group commit). A Result with a
  /// value is given only after the commit is durable; one with a Problem, or an Error thrown,
  /// rolls back all that `f` did and nothing else. `f` may run more than once (after a
  /// serialization failure), so it must have no effect but through its transaction.
  /// 503 with Retry-After when the queue is full or the database does not answer.
  /// Writes run one after the other, over all nodes of a cluster.
  template <class F>
  auto write(F f) -> boost::asio::awaitable<std::invoke_result_t<F&, Transaction&>> {
    return write_in(std::nullopt, std::move(f));
  }

  /// The same for a write that stays inside one org: it runs one after the other with that org's
  /// writes alone, and side by side with other orgs'. What `f` reads to decide on must be of that
  /// org (its chain, vaults, policies, agents and the users who live in it); rows of no org or of
  /// another it may touch only by statements that stand for themselves, such as an insert under a
  /// unique key or an update with its condition in its WHERE.
  template <class F>
  auto write(const Uuid& org_id, F f)
      -> boost::asio::awaitable<std::invoke_result_t<F&, Transaction&>> {
    return write_in(org_id, std::move(f));
  }

  /// read() of one org's rows that may be answered by a replica, and then be a little behind: for
  /// long lists and audit queries, never for what decides on access. It sees what was written in
  /// the org through this store before it was called.
  template <class F>
  auto read_behind(Uuid org_id, F f)
      -> boost::asio::awaitable<std::invoke_result_t<F&, Transaction&>> {
    std::optional<std::invoke_result_t<F&, Transaction&>> outcome;
    auto work = [&](Transaction& transaction) {
      outcome.emplace(f(transaction));
      return true;
    };
    Result<void> ran = co_await run_read_behind(work, org_id);
    if (!ran.ok()) co_return std::move(ran).problem();
    co_return std::move(*outcome);
  }

  /// What committed writes have changed; ticks before a write's coroutine goes on.
  [[nodiscard]] const ChangeClock& clock() const { return clock_; }

 protected:
  virtual boost::asio::awaitable<Result<void>> run_read(WorkRef work) = 0;
  virtual boost::asio::awaitable<Result<void>> run_read_behind(WorkRef work,
                                                               const Uuid& /*org_id*/) {
    return run_read(work);
  }
  /// `org_id`: the org that the write stays inside, if it does.
  virtual boost::asio::awaitable<Result<void>> run_write(WorkRef work,
                                                         std::optional<Uuid> org_id) = 0;

  ChangeClock clock_;

 private:
  template <class F>
  auto write_in(std::optional<Uuid> org_id, F f)
      -> boost::asio::awaitable<std::invoke_result_t<F&, Transaction&>> {
    std::optional<std::invoke_result_t<F&, Transaction&>> outcome;
    auto work = [&](Transaction& transaction) {
      outcome.emplace(f(transaction));
      return outcome->ok();
    };
    Result<void> ran = co_await run_write(work, org_id);
    if (!ran.ok()) co_return std::move(ran).problem();
    co_return std::move(*outcome);
  }
};

struct SqliteOptions {
  std::filesystem::path file;
  int readers = 2;  ///< reader threads, one connection each
  std::size_t most_queued_writes = 4096;
  std::size_t most_queued_reads = 4096;
  std::size_t most_writes_per_commit = 256;
  std::chrono::milliseconds busy_timeout{5000};
  std::chrono::milliseconds longest_wait{30'000};  ///< in the queue; 503 after that
  /// Told of every failure that a client sees as 500 or 503; the text holds no bound value.
  /// Called from the store's threads.
  std::function<void(std::string_view)> on_failure{};
  /// Makes and checks the MACs of rows (row_seal.h); without one, rows are not sealed.
  std::shared_ptr<const RowSeal> row_seal{};
};

/// Opens (or makes, mode 0600) a SQLite database in WAL mode with synchronous=FULL and foreign
/// keys on, and brings its schema up to date. 500 with a clear detail when the file is not a
/// oneclaw database or is of a newer schema.
Result<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options);

}  // namespace oneclaw::store

// Work that no request waits for: deliveries, purges, roll-ups, schedules.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace oneclaw::service {

class Leases;

/// Tasks on one thread of their own. With leases, a task runs on one node of a cluster at a time,
/// and by its period once for all of them; a wake on a node that can't have the lease just then
/// tries again soon. Each runs once at the start and then a period after its last run has ended, so
/// no task ever overlaps itself; tasks interleave where they await. An exception from a task is
/// logged (its type alone) and the task goes on with its next period.
class Background {
 public:
  using Task = std::function<boost::asio::awaitable<void>()>;

  /// `leases`: null where there is one node; must outlive this.
  explicit Background(Leases* leases = nullptr);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Before start() alone. All that the task uses must outlive this.
  void every(std::string name, std::chrono::milliseconds period, Task task);
  /// The same on each node, without a lease: for what is in a node's memory.
  void every_here(std::string name, std::chrono::milliseconds period, Task task);
  void start();
  /// Runs the task now, or once more when it is running. Thread-safe; does nothing for an unknown
  /// name. A change must be committed before the task is woken for it.
  void wake(std::string_view name);
  /// Lets tasks that run come to their end, starts none, and joins the thread. The destructor does
  /// the same.
  void stop();
  /// True once stop() was called: work that blocks must then end soon.
  [[nodiscard]] const std::atomic<bool>& stopping() const { return stopping_; }

 private:
  struct Loop;
  boost::asio::awaitable<void> run(Loop& loop);
  boost::asio::awaitable<bool> run_once(Loop& loop, bool woken);
  boost::asio::awaitable<void> run_task(Loop& loop);
  boost::asio::awaitable<void> renew(Loop& loop, std::shared_ptr<const bool> over);

  Leases* leases_;
  boost::asio::io_context context_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace oneclaw::service

// Who of a cluster's nodes runs a background task.
#pragma once

#include <string_view>

#include "store/store.h"

namespace oneclaw::store {

/// Methods throw Error. Times are the nodes' own clocks, so a lease must last for longer than
/// clocks differ.
class LeaseRepository {
 public:
  explicit LeaseRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Takes the lease when nobody holds it (or `holder` does) and the task has not been done since
  /// `done_before`. False otherwise, at once, also while another node is taking it.
  bool take(std::string_view name, const Uuid& holder, TimePoint at, TimePoint until,
            TimePoint done_before);
  /// False when `holder` has lost it.
  bool keep(std::string_view name, const Uuid& holder, TimePoint until);
  /// Gives the lease back; `done_at` is when the task was begun, if it was done.
  void release(std::string_view name, const Uuid& holder, std::optional<TimePoint> done_at);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

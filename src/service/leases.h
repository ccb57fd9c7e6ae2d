// Leases: a background task runs on one node of a cluster at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::service {

/// A node's hold on tasks, by name, in the database that all nodes share. A node that dies or
/// stands still loses its leases after kTerm; until then it renews them.
class Leases {
 public:
  static constexpr std::chrono::seconds kTerm{15};
  static constexpr std::chrono::seconds kRenewal{4};

  explicit Leases(store::Store& store) : store_(store), node_(Uuid::v4()) {}

  /// False when another node has it, when the task was done in the last `period`, or when the
  /// database is away.
  boost::asio::awaitable<bool> take(std::string name, std::chrono::milliseconds period);
  /// False when it is lost: another node may run the task too from then on.
  boost::asio::awaitable<bool> keep(std::string name);
  boost::asio::awaitable<void> release(std::string name, TimePoint begun);

 private:
  store::Store& store_;
  const Uuid node_;
};

}  // namespace oneclaw::service

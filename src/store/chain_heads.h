// The heads of the audit chains, kept by the one that writes, so that an append reads nothing.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "domain/audit_chain.h"
#include "store/connection.h"

namespace oneclaw::store {

/// Belongs to the writer's thread. The heads that a batch has moved are stored once, at its end.
class ChainHeads {
 public:
  /// The head of an org's chain, with what this batch has appended; read from `connection` when it
  /// isn't in memory. Throws Error.
  const domain::ChainHead& head(Connection& connection, const Uuid& org_id);
  /// Throws nothing that leaves a head wrong.
  void advance(const Uuid& org_id, const domain::ChainHead& head);

  /// Starts a piece of work that undo() takes back.
  void begin_work() { undo_.clear(); }
  void undo();
  /// Writes the moved heads, before COMMIT. Throws Error.
  void store(Connection& connection);
  /// After COMMIT.
  void committed();
  /// After a rollback of the whole batch: what is in memory may be wrong.
  void forget();

 private:
  static constexpr std::size_t kMostKept = 10'000;

  struct Entry {
    domain::ChainHead head;
    bool moved = false;
  };

  std::unordered_map<Uuid, Entry> entries_;
  std::vector<Uuid> moved_;
  std::vector<std::pair<Uuid, domain::ChainHead>> undo_;
};

/// The stored head; an empty one when the chain has no event. Throws Error.
domain::ChainHead stored_head(Connection& connection, const Uuid& org_id);
/// Stores the head of a chain that has an event. Throws Error.
void store_head(Connection& connection, const Uuid& org_id, const domain::ChainHead& head);

}  // namespace oneclaw::store

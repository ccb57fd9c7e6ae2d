#include "store/chain_heads.h"

#include <algorithm>
#include <ranges>

namespace oneclaw::store {

domain::ChainHead stored_head(Connection& connection, const Uuid& org_id) {
  // The time is the last event's own: a head row has none.
  auto query = connection.prepare(
      "SELECT h.sequence, h.event_id, h.hash, e.created_at FROM audit_heads h "
      "LEFT JOIN audit_events e ON e.org_id = h.org_id AND e.sequence = h.sequence "
      "WHERE h.org_id = ?1");
  query.bind(1, org_id);
  if (!query.step()) return {};
  domain::ChainHead head{.sequence = query.integer(0),
                         .event_id = query.uuid(1),
                         .hash = {},
                         .created_at = query.optional_time(3).value_or(TimePoint::min())};
  const Bytes hash = query.blob(2);
  if (hash.size() != head.hash.size()) {
    throw Error(Error::Kind::kOther, "a stored hash does not have 32 bytes");
  }
  std::ranges::copy(hash, head.hash.begin());
  return head;
}

void store_head(Connection& connection, const Uuid& org_id, const domain::ChainHead& head) {
  connection
      .prepare(
          "INSERT INTO audit_heads (org_id, sequence, event_id, hash) VALUES (?1, ?2, ?3, ?4) "
          "ON CONFLICT (org_id) DO UPDATE SET sequence = excluded.sequence, "
          "event_id = excluded.event_id, hash = excluded.hash")
      .bind(1, org_id)
      .bind(2, head.sequence)
      .bind(3, head.event_id)
      .bind(4, head.hash)
      .run();
}

const domain::ChainHead& ChainHeads::head(Connection& connection, const Uuid& org_id) {
  auto found = entries_.find(org_id);
  if (found == entries_.end()) {
    const domain::ChainHead stored = stored_head(connection, org_id);
    found = entries_.try_emplace(org_id, Entry{stored, false}).first;
  }
  return found->second.head;
}

void ChainHeads::advance(const Uuid& org_id, const domain::ChainHead& head) {
  undo_.reserve(undo_.size() + 1);
  moved_.reserve(moved_.size() + 1);
  Entry& entry = entries_[org_id];
  undo_.emplace_back(org_id, entry.head);
  if (!entry.moved) moved_.push_back(org_id);
  entry = {head, true};
}

void ChainHeads::undo() {
  for (const auto& [org_id, head] : std::views::reverse(undo_)) entries_[org_id].head = head;
  undo_.clear();
}

void ChainHeads::store(Connection& connection) {
  for (const Uuid& org_id : moved_) {
    const domain::ChainHead& head = entries_[org_id].head;
    if (!head.event_id) continue;  // all of its events were taken back
    store_head(connection, org_id, head);
  }
}

void ChainHeads::committed() {
  for (const Uuid& org_id : moved_) entries_[org_id].moved = false;
  moved_.clear();
  undo_.clear();
  if (entries_.size() > kMostKept) entries_.clear();
}

void ChainHeads::forget() {
  entries_.clear();
  moved_.clear();
  undo_.clear();
}

}  // namespace oneclaw::store

#include "store/audit_repository.h"

#include <algorithm>

#include "store/chain_heads.h"
#include "store/paging.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT org_id, sequence, id, action, actor_type, actor_id, resource_type, resource_id, "
    "details, ip_address, created_at, prev_event_id, integrity_hash FROM audit_events "
    "WHERE org_id = ?1";

domain::ChainHash hash(Statement& query, int column) {
  domain::ChainHash hash{};
  const Bytes bytes = query.blob(column);
  if (bytes.size() != hash.size()) {
    throw Error(Error::Kind::kOther, "a stored hash does not have 32 bytes");
  }
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

std::vector<domain::AuditEvent> all(Statement& query) {
  std::vector<domain::AuditEvent> events;
  while (query.step()) {
    events.push_back({.id = query.uuid(2),
                      .org_id = query.uuid(0),
                      .sequence = query.integer(1),
                      .action = query.text(3),
                      .actor_type = query.text(4),
                      .actor_id = query.text(5),
                      .resource_type = query.text(6),
                      .resource_id = query.text(7),
                      .details_json = query.text(8),
                      .ip_address = query.text(9),
                      .created_at = query.time(10),
                      .prev_event_id = query.optional_uuid(11),
                      .integrity_hash = hash(query, 12)});
  }
  return events;
}

}  // namespace

domain::ChainHead AuditRepository::head(const Uuid& org_id) {
  if (ChainHeads* heads = transaction_.heads()) return heads->head(connection_, org_id);
  return stored_head(connection_, org_id);
}

void AuditRepository::append(const domain::AuditEvent& event) {
  connection_
      .prepare(
          "INSERT INTO audit_events (org_id, sequence, id, action, actor_type, actor_id, "
          "resource_type, resource_id, details, ip_address, created_at, prev_event_id, "
          "integrity_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
      .bind_lasting(1, event.org_id.bytes)
      .bind(2, event.sequence)
      .bind_lasting(3, event.id.bytes)
      .bind_lasting(4, event.action)
      .bind_lasting(5, event.actor_type)
      .bind_lasting(6, event.actor_id)
      .bind_lasting(7, event.resource_type)
      .bind_lasting(8, event.resource_id)
      .bind_lasting(9, event.details_json)
      .bind_lasting(10, event.ip_address)
      .bind(11, event.created_at)
      .bind(12, event.prev_event_id)
      .bind_lasting(13, event.integrity_hash)
      .run();
  const domain::ChainHead head{event.sequence, event.id, event.integrity_hash, event.created_at};
  if (ChainHeads* heads = transaction_.heads()) {
    heads->advance(event.org_id, head);
  } else {
    store_head(connection_, event.org_id, head);
  }
}

std::vector<domain::AuditEvent> AuditRepository::list(const Uuid& org_id, const AuditFilter& filter,
                                                      std::int64_t limit, std::int64_t offset) {
  // Times become sequences: there is an index on those alone.
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  if (filter.from) {
    from = first_at_or_after(org_id, *filter.from);
    if (!from) return {};
  }
  if (filter.to) to = first_at_or_after(org_id, *filter.to);
  std::string sql = kSelect;
  if (filter.resource_id) sql += " AND resource_id = ?4";
  if (filter.actor_id) sql += " AND actor_id = ?5";
  if (filter.action) sql += " AND action = ?6";
  if (filter.from) sql += " AND sequence >= ?7";
  if (filter.to) sql += " AND sequence < ?8";
  sql += " ORDER BY sequence DESC LIMIT ?2 OFFSET ?3";
  auto query = connection_.prepare(sql);
  query.bind(1, org_id).bind(2, limit).bind(3, offset);
  if (filter.resource_id) query.bind(4, *filter.resource_id);
  if (filter.actor_id) query.bind(5, *filter.actor_id);
  if (filter.action) query.bind(6, *filter.action);
  if (filter.from) query.bind(7, *from);
  if (filter.to) query.bind(8, to.value_or(kNoLimit));
  return all(query);
}

std::vector<domain::AuditEvent> AuditRepository::walk(const Uuid& org_id,
                                                      std::int64_t after_sequence,
                                                      std::int64_t limit) {
  auto query = connection_.prepare(kSelect + " AND sequence > ?2 ORDER BY sequence LIMIT ?3");
  return all(query.bind(1, org_id).bind(2, after_sequence).bind(3, limit));
}

std::optional<std::int64_t> AuditRepository::first_at_or_after(const Uuid& org_id, TimePoint time) {
  auto ends = connection_.prepare(
      "SELECT min(sequence), max(sequence) FROM audit_events WHERE org_id = ?1");
  ends.bind(1, org_id);
  if (!ends.step() || ends.is_null(0)) return std::nullopt;
  std::int64_t low = ends.integer(0);
  std::int64_t high = ends.integer(1) + 1;
  const std::int64_t end = high;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    auto query = connection_.prepare(
        "SELECT created_at FROM audit_events WHERE org_id = ?1 AND sequence >= ?2 "
        "ORDER BY sequence LIMIT 1");
    query.bind(1, org_id).bind(2, middle);
    if (query.step() && query.time(0) < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == end) return std::nullopt;
  return low;
}

}  // namespace oneclaw::store

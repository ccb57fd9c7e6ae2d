#include "store/audit_anchor_repository.h"

#include <algorithm>

#include "store/row_seal.h"

namespace oneclaw::store {

namespace {

ByteView sealed_text(const AuditAnchor& anchor) {
  thread_local Bytes out;
  CanonicalWriter(out, "oneclaw/row/audit_anchor/1")
      .id(anchor.org_id)
      .number(anchor.sequence)
      .id(anchor.event_id)
      .bytes(anchor.hash)
      .number(to_micros(anchor.until))
      .number(to_micros(anchor.removed_at));
  return out;
}

bool is_sealed(const Connection& connection, const AuditAnchor& anchor, ByteView mac) {
  return connection.row_seal() == nullptr ||
         secure_equal(connection.row_seal()->mac(sealed_text(anchor)), mac);
}

}  // namespace

std::optional<AuditAnchor> AuditAnchorRepository::find(const Uuid& org_id) {
  auto query = connection_.prepare(
      "SELECT sequence, event_id, hash, until, removed_at, mac FROM audit_anchors "
      "WHERE org_id = ?1");
  if (!query.bind(1, org_id).step()) return std::nullopt;
  AuditAnchor anchor{.org_id = org_id,
                     .sequence = query.integer(0),
                     .event_id = query.uuid(1),
                     .hash = {},
                     .until = query.time(3),
                     .removed_at = query.time(4)};
  const Bytes hash = query.blob(2);
  if (hash.size() != anchor.hash.size()) {
    throw Error(Error::Kind::kOther, "a stored hash does not have 32 bytes");
  }
  std::ranges::copy(hash, anchor.hash.begin());
  anchor.is_genuine = is_sealed(connection_, anchor, query.view(5));
  return anchor;
}

void AuditAnchorRepository::remove_through(const AuditAnchor& anchor) {
  connection_.prepare("DELETE FROM audit_events WHERE org_id = ?1 AND sequence <= ?2")
      .bind(1, anchor.org_id)
      .bind(2, anchor.sequence)
      .run();
  connection_
      .prepare(
          "INSERT INTO audit_anchors (org_id, sequence, event_id, hash, until, removed_at, mac) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (org_id) DO UPDATE SET "
          "sequence = excluded.sequence, event_id = excluded.event_id, hash = excluded.hash, "
          "until = excluded.until, removed_at = excluded.removed_at, mac = excluded.mac")
      .bind(1, anchor.org_id)
      .bind(2, anchor.sequence)
      .bind(3, anchor.event_id)
      .bind(4, anchor.hash)
      .bind(5, anchor.until)
      .bind(6, anchor.removed_at)
      .bind(7, seal_row(connection_, sealed_text(anchor)))
      .run();
}

std::vector<Uuid> AuditAnchorRepository::chains() {
  auto query = connection_.prepare("SELECT org_id FROM audit_heads ORDER BY org_id");
  std::vector<Uuid> orgs;
  while (query.step()) orgs.push_back(query.uuid(0));
  return orgs;
}

}  // namespace oneclaw::store

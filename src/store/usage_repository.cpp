#include "store/usage_repository.h"

namespace oneclaw::store {

std::vector<UsageBacklog> UsageRepository::backlogs(std::int64_t limit) {
  auto query = connection_.prepare(
      "SELECT h.org_id, COALESCE(c.sequence, 0) FROM audit_heads h "
      "LEFT JOIN usage_cursors c ON c.org_id = h.org_id "
      "WHERE h.sequence > COALESCE(c.sequence, 0) LIMIT ?1");
  query.bind(1, limit);
  std::vector<UsageBacklog> backlogs;
  while (query.step()) backlogs.push_back({query.uuid(0), query.integer(1)});
  return backlogs;
}

std::int64_t UsageRepository::scan(const Uuid& org_id, std::int64_t after, std::int64_t limit,
                                   const std::function<void(const EventView&)>& see) {
  auto query = connection_.prepare(
      "SELECT sequence, created_at, actor_type, actor_id, action, details FROM audit_events "
      "WHERE org_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3");
  query.bind(1, org_id).bind(2, after).bind(3, limit);
  while (query.step()) {
    after = query.integer(0);
    see({.created_at = query.time(1),
         .actor_type = query.text_view(2),
         .actor_id = query.text_view(3),
         .action = query.text_view(4),
         .details = query.text_view(5)});
  }
  return after;
}

std::int64_t UsageRepository::cursor(const Uuid& org_id) {
  auto query = connection_.prepare("SELECT sequence FROM usage_cursors WHERE org_id = ?1");
  return query.bind(1, org_id).step() ? query.integer(0) : 0;
}

void UsageRepository::set_cursor(const Uuid& org_id, std::int64_t sequence) {
  connection_
      .prepare(
          "INSERT INTO usage_cursors (org_id, sequence) VALUES (?1, ?2) "
          "ON CONFLICT (org_id) DO UPDATE SET sequence = excluded.sequence")
      .bind(1, org_id)
      .bind(2, sequence)
      .run();
}

void UsageRepository::add(const Uuid& org_id, const UsageCount& count) {
  connection_
      .prepare(
          "INSERT INTO usage_counts (org_id, month, principal_type, principal_id, action, count) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
          "ON CONFLICT (org_id, month, principal_type, principal_id, action) "
          "DO UPDATE SET count = usage_counts.count + excluded.count")
      .bind(1, org_id)
      .bind(2, count.month)
      .bind(3, count.principal_type)
      .bind(4, count.principal_id)
      .bind(5, count.action)
      .bind(6, count.count)
      .run();
}

std::vector<UsageCount> UsageRepository::counts(const Uuid& org_id, std::int64_t month) {
  auto query = connection_.prepare(
      "SELECT month, principal_type, principal_id, action, count FROM usage_counts "
      "WHERE org_id = ?1 AND month = ?2 ORDER BY principal_type, principal_id, action");
  query.bind(1, org_id).bind(2, month);
  std::vector<UsageCount> counts;
  while (query.step()) {
    counts.push_back({.month = query.integer(0),
                      .principal_type = query.text(1),
                      .principal_id = query.text(2),
                      .action = query.text(3),
                      .count = query.integer(4)});
  }
  return counts;
}

std::int64_t UsageRepository::count_of(std::string_view sql, const Uuid& org_id) {
  auto query = connection_.prepare(sql);
  query.bind(1, org_id).step();
  return query.integer(0);
}

std::int64_t UsageRepository::vaults(const Uuid& org_id) {
  return count_of(
      "SELECT COUNT(*) FROM vaults WHERE org_id = ?1 AND deleted_at IS NULL AND is_system = 0",
      org_id);
}

std::int64_t UsageRepository::secrets(const Uuid& org_id) {
  return count_of(
      "SELECT COUNT(*) FROM vaults v JOIN secrets s ON s.vault_id = v.id "
      "WHERE v.org_id = ?1 AND v.deleted_at IS NULL AND v.is_system = 0 AND s.deleted_at IS NULL",
      org_id);
}

std::int64_t UsageRepository::agents(const Uuid& org_id) {
  return count_of("SELECT COUNT(*) FROM agents WHERE org_id = ?1 AND deleted_at IS NULL", org_id);
}

std::int64_t UsageRepository::members(const Uuid& org_id) {
  return count_of("SELECT COUNT(*) FROM memberships WHERE org_id = ?1", org_id);
}

std::int64_t UsageRepository::shares(const Uuid& org_id, TimePoint at) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM shares WHERE org_id = ?1 AND expires_at > ?2 "
      "AND revoked_at IS NULL AND declined_at IS NULL");
  query.bind(1, org_id).bind(2, at).step();
  return query.integer(0);
}

OrgBillingRow CreditRepository::billing(const Uuid& org_id) {
  auto query = connection_.prepare(
      "SELECT overage_method, overage_month, overage_requests FROM org_billing WHERE org_id = ?1");
  OrgBillingRow row{.org_id = org_id};
  if (!query.bind(1, org_id).step()) return row;
  row.overage_method = query.text(0);
  row.overage_month = query.integer(1);
  row.overage_requests = query.integer(2);
  return row;
}

void CreditRepository::put_billing(const OrgBillingRow& row) {
  connection_
      .prepare(
          "INSERT INTO org_billing (org_id, overage_method, overage_month, overage_requests) "
          "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (org_id) DO UPDATE SET "
          "overage_method = excluded.overage_method, overage_month = excluded.overage_month, "
          "overage_requests = excluded.overage_requests")
      .bind(1, row.org_id)
      .bind(2, row.overage_method)
      .bind(3, row.overage_month)
      .bind(4, row.overage_requests)
      .run();
}

std::int64_t CreditRepository::balance(const Uuid& org_id) {
  auto query = connection_.prepare(
      "SELECT balance_after_cents FROM credit_entries WHERE org_id = ?1 "
      "ORDER BY sequence DESC LIMIT 1");
  return query.bind(1, org_id).step() ? query.integer(0) : 0;
}

bool CreditRepository::has_reference(const Uuid& org_id, std::string_view reference) {
  auto query =
      connection_.prepare("SELECT 1 FROM credit_entries WHERE org_id = ?1 AND reference = ?2");
  return query.bind(1, org_id).bind(2, reference).step();
}

bool CreditRepository::has_org(const Uuid& org_id) {
  auto query = connection_.prepare("SELECT 1 FROM orgs WHERE id = ?1");
  return query.bind(1, org_id).step();
}

bool CreditRepository::append(CreditRow& row) {
  row.balance_after_cents = balance(row.org_id) + row.amount_cents;
  if (row.balance_after_cents < 0) return false;
  {
    auto query = connection_.prepare(
        "SELECT COALESCE(MAX(sequence), 0) + 1 FROM credit_entries WHERE org_id = ?1");
    query.bind(1, row.org_id).step();
    row.sequence = query.integer(0);
  }
  connection_
      .prepare(
          "INSERT INTO credit_entries (org_id, sequence, id, type, amount_cents, "
          "balance_after_cents, description, reference, created_at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(1, row.org_id)
      .bind(2, row.sequence)
      .bind(3, row.id)
      .bind(4, row.type)
      .bind(5, row.amount_cents)
      .bind(6, row.balance_after_cents)
      .bind(7, row.description)
      .bind(8, row.reference)
      .bind(9, row.created_at)
      .run();
  return true;
}

std::vector<CreditRow> CreditRepository::list(const Uuid& org_id, std::int64_t limit,
                                              std::int64_t offset) {
  auto query = connection_.prepare(
      "SELECT org_id, sequence, id, type, amount_cents, balance_after_cents, description, "
      "reference, created_at FROM credit_entries WHERE org_id = ?1 "
      "ORDER BY sequence DESC LIMIT ?2 OFFSET ?3");
  query.bind(1, org_id).bind(2, limit).bind(3, offset);
  std::vector<CreditRow> rows;
  while (query.step()) {
    rows.push_back({.org_id = query.uuid(0),
                    .sequence = query.integer(1),
                    .id = query.uuid(2),
                    .type = query.text(3),
                    .amount_cents = query.integer(4),
                    .balance_after_cents = query.integer(5),
                    .description = query.text(6),
                    .reference = query.optional_text(7),
                    .created_at = query.time(8)});
  }
  return rows;
}

}  // namespace oneclaw::store

#include "store/approval_repository.h"

#include "store/json_list.h"

namespace oneclaw::store {

namespace {

const std::string kSelect =
    "SELECT id, org_id, requester_type, requester_id, addressed_to, action, target_type, "
    "target_id, vault_id, path, policy_id, roles, risk_tier, summary, reason, status, "
    "decision_reason, decided_by, decided_at, grant_seconds, grant_expires_at, created_at, "
    "expires_at, required_approvals, cancelled_at, executed_at, "
    "(SELECT COUNT(*) FROM approval_signatures g WHERE g.approval_id = approvals.id "
    "AND g.decision = 'approve') FROM approvals";

std::vector<ApprovalRow> all(Statement& query) {
  std::vector<ApprovalRow> approvals;
  while (query.step()) {
    approvals.push_back({.id = query.uuid(0),
                         .org_id = query.uuid(1),
                         .requester_type = query.text(2),
                         .requester_id = query.uuid(3),
                         .addressed_to = query.uuid(4),
                         .action = query.text(5),
                         .target_type = query.text(6),
                         .target_id = query.text(7),
                         .vault_id = query.optional_uuid(8),
                         .path = query.optional_text(9),
                         .policy_id = query.optional_uuid(10),
                         .roles = parse_string_list(query.text(11)),
                         .risk_tier = query.integer(12),
                         .summary = query.text(13),
                         .reason = query.optional_text(14),
                         .status = query.text(15),
                         .decision_reason = query.optional_text(16),
                         .decided_by = query.optional_uuid(17),
                         .decided_at = query.optional_time(18),
                         .grant_seconds = query.integer(19),
                         .grant_expires_at = query.optional_time(20),
                         .created_at = query.time(21),
                         .expires_at = query.time(22),
                         .required_approvals = query.integer(23),
                         .current_approvals = query.integer(26),
                         .cancelled_at = query.optional_time(24),
                         .executed_at = query.optional_time(25)});
  }
  return approvals;
}

/// ?1 org, ?2 requester, ?3 addressee, ?4 now, ?5 status; null: any.
std::string condition(const ApprovalFilter& filter) {
  const std::string status =
      "CASE " +
      std::string(filter.of_secrets ? "WHEN cancelled_at IS NOT NULL THEN 'cancelled' "
                                      "WHEN executed_at IS NOT NULL THEN 'executed' "
                                    : "") +
      "WHEN status = 'pending' AND expires_at <= ?4 THEN 'expired' ELSE status END";
  return std::string(" WHERE org_id = ?1 AND requester_id = COALESCE(?2, requester_id) ") +
         "AND addressed_to = COALESCE(?3, addressed_to) AND " + status + " = COALESCE(?5, " +
         status + ")" + (filter.of_secrets ? " AND vault_id IS NOT NULL" : "");
}

Statement& bind_filter(Statement& query, const Uuid& org_id, const ApprovalFilter& filter,
                       TimePoint at) {
  return query.bind(1, org_id)
      .bind(2, filter.requester_id)
      .bind(3, filter.addressed_to)
      .bind(4, at)
      .bind(5, filter.status);
}

std::optional<ApprovalRow> one(Statement& query) {
  auto approvals = all(query);
  if (approvals.empty()) return std::nullopt;
  return std::move(approvals.front());
}

}  // namespace

void ApprovalRepository::insert(const ApprovalRow& approval) {
  connection_
      .prepare(
          "INSERT INTO approvals (id, org_id, requester_type, requester_id, addressed_to, action, "
          "target_type, target_id, vault_id, path, policy_id, roles, risk_tier, summary, reason, "
          "status, grant_seconds, created_at, expires_at, required_approvals) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'pending', "
          "?16, ?17, ?18, ?19)")
      .bind(1, approval.id)
      .bind(2, approval.org_id)
      .bind(3, approval.requester_type)
      .bind(4, approval.requester_id)
      .bind(5, approval.addressed_to)
      .bind(6, approval.action)
      .bind(7, approval.target_type)
      .bind(8, approval.target_id)
      .bind(9, approval.vault_id)
      .bind(10, approval.path)
      .bind(11, approval.policy_id)
      .bind(12, to_json_list(approval.roles))
      .bind(13, approval.risk_tier)
      .bind(14, approval.summary)
      .bind(15, approval.reason)
      .bind(16, approval.grant_seconds)
      .bind(17, approval.created_at)
      .bind(18, approval.expires_at)
      .bind(19, approval.required_approvals)
      .run();
}

std::optional<ApprovalRow> ApprovalRepository::find(const Uuid& org_id, const Uuid& id) {
  auto query = connection_.prepare(kSelect + " WHERE id = ?1 AND org_id = ?2");
  return one(query.bind(1, id).bind(2, org_id));
}

std::optional<ApprovalRow> ApprovalRepository::find_open(const Uuid& requester_id,
                                                         std::string_view action,
                                                         std::string_view target_id, TimePoint at) {
  auto query = connection_.prepare(kSelect +
                                   " WHERE requester_id = ?1 AND status = 'pending' AND "
                                   "expires_at > ?2 AND action = ?3 AND target_id = ?4 LIMIT 1");
  return one(query.bind(1, requester_id).bind(2, at).bind(3, action).bind(4, target_id));
}

std::int64_t ApprovalRepository::count_open(const Uuid& requester_id, TimePoint at) {
  auto query = connection_.prepare(
      "SELECT COUNT(*) FROM approvals "
      "WHERE requester_id = ?1 AND status = 'pending' AND expires_at > ?2");
  query.bind(1, requester_id).bind(2, at).step();
  return query.integer(0);
}

std::vector<ApprovalRow> ApprovalRepository::list(const Uuid& org_id, const ApprovalFilter& filter,
                                                  TimePoint at, std::int64_t limit,
                                                  std::int64_t offset) {
  auto query =
      connection_.prepare(kSelect + condition(filter) + " ORDER BY id DESC LIMIT ?6 OFFSET ?7");
  bind_filter(query, org_id, filter, at).bind(6, limit).bind(7, offset);
  return all(query);
}

std::int64_t ApprovalRepository::count(const Uuid& org_id, const ApprovalFilter& filter,
                                       TimePoint at) {
  auto query = connection_.prepare("SELECT COUNT(*) FROM approvals" + condition(filter));
  bind_filter(query, org_id, filter, at).step();
  return query.integer(0);
}

bool ApprovalRepository::sign(const ApprovalSignature& signature) {
  connection_
      .prepare(
          "INSERT INTO approval_signatures (approval_id, approver_id, id, decision, reason, "
          "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
      .bind(1, signature.approval_id)
      .bind(2, signature.approver_id)
      .bind(3, signature.id)
      .bind(4, signature.decision)
      .bind(5, signature.reason)
      .bind(6, signature.created_at)
      .run();
  return connection_.changes() == 1;
}

std::vector<ApprovalSignature> ApprovalRepository::signatures(const Uuid& approval_id) {
  auto query = connection_.prepare(
      "SELECT approver_id, id, decision, reason, created_at FROM approval_signatures "
      "WHERE approval_id = ?1 ORDER BY id");
  query.bind(1, approval_id);
  std::vector<ApprovalSignature> signatures;
  while (query.step()) {
    signatures.push_back({.approval_id = approval_id,
                          .approver_id = query.uuid(0),
                          .id = query.uuid(1),
                          .decision = query.text(2),
                          .reason = query.optional_text(3),
                          .created_at = query.time(4)});
  }
  return signatures;
}

bool ApprovalRepository::cancel(const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE approvals SET status = 'rejected', cancelled_at = ?2, decided_at = ?2 "
          "WHERE id = ?1 AND status = 'pending' AND expires_at > ?2")
      .bind(1, id)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

bool ApprovalRepository::execute(const Uuid& id, TimePoint at) {
  connection_
      .prepare(
          "UPDATE approvals SET executed_at = ?2 WHERE id = ?1 AND status = 'approved' "
          "AND grant_expires_at > ?2 AND executed_at IS NULL")
      .bind(1, id)
      .bind(2, at)
      .run();
  return connection_.changes() == 1;
}

std::vector<ApprovalGrant> ApprovalRepository::grants(const Uuid& vault_id,
                                                      const Uuid& requester_id, TimePoint at) {
  auto query = connection_.prepare(
      "SELECT policy_id, path, action, grant_expires_at FROM approvals WHERE requester_id = ?1 AND "
      "vault_id = ?2 "
      "AND status = 'approved' AND grant_expires_at > ?3");
  query.bind(1, requester_id).bind(2, vault_id).bind(3, at);
  std::vector<ApprovalGrant> grants;
  while (query.step()) {
    grants.push_back({.policy_id = query.uuid(0),
                      .path = query.text(1),
                      .action = query.text(2),
                      .until = query.time(3)});
  }
  return grants;
}

void ApprovalRepository::explain(const ApprovalRow& approval) {
  connection_
      .prepare("UPDATE approvals SET summary = ?2, reason = ?3, risk_tier = ?4 WHERE id = ?1")
      .bind(1, approval.id)
      .bind(2, approval.summary)
      .bind(3, approval.reason)
      .bind(4, approval.risk_tier)
      .run();
}

bool ApprovalRepository::decide(const ApprovalRow& approval, TimePoint at) {
  auto update = connection_.prepare(
      "UPDATE approvals SET status = ?2, decision_reason = ?3, decided_by = ?4, "
      "decided_at = ?5, grant_expires_at = ?6 "
      "WHERE id = ?1 AND status = 'pending' AND expires_at > ?7 RETURNING requester_id");
  update.bind(1, approval.id)
      .bind(2, approval.status)
      .bind(3, approval.decision_reason)
      .bind(4, approval.decided_by)
      .bind(5, approval.decided_at)
      .bind(6, approval.grant_expires_at)
      .bind(7, at);
  if (!update.step()) return false;
  // What the requester's policies let through has changed.
  transaction_.touch(Topic::kPolicy, update.uuid(0));
  return true;
}

}  // namespace oneclaw::store

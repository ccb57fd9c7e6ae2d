// How requests for approval end: decided, cancelled, executed.
#include <utility>

#include "domain/policy.h"
#include "service/access.h"
#include "service/approval_rules.h"
#include "service/approvals.h"

namespace oneclaw::service {

namespace asio = boost::asio;

Result<store::ApprovalRow> Approvals::settle(store::Transaction& transaction, const Caller& caller,
                                             store::ApprovalRow row,
                                             const ApprovalDecision& decision, bool by_link) const {
  const Uuid& user_id = caller.principal.id;
  if (!may_decide(transaction, row, user_id)) {
    return problems::forbidden("This person may not decide that.");
  }
  if (decision.payload_hash && *decision.payload_hash != payload_hash(row)) {
    return problems::validation("payload_hash", "isn't that of what is asked for");
  }
  const auto over = [] {
    return problems::conflict("The approval was decided before or has expired.");
  };
  const TimePoint at = now();
  if (row.status_at(at) != "pending") return over();
  store::ApprovalRepository approvals(transaction);
  if (!approvals.sign({.approval_id = row.id,
                       .approver_id = user_id,
                       .id = Uuid::v7(),
                       .decision = decision.approve ? "approve" : "reject",
                       .reason = decision.reason,
                       .created_at = at})) {
    return problems::conflict("You have approved it before: somebody else must, too.");
  }
  AuditEntry entry = approval_entry("approval.decide", row);
  entry.details["decision"] = decision.approve ? "approved" : "rejected";
  entry.details["by_link"] = by_link;
  if (decision.approve) ++row.current_approvals;
  if (row.required_approvals > 1) {
    entry.details["approvals"] = row.current_approvals;
    entry.details["required_approvals"] = row.required_approvals;
  }
  audit_.append(transaction, row.org_id, caller, std::move(entry));
  if (decision.approve && row.current_approvals < row.required_approvals) return row;
  row.status = decision.approve ? "approved" : "rejected";
  row.decision_reason = decision.reason;
  row.decided_by = user_id;
  row.decided_at = at;
  if (decision.approve) row.grant_expires_at = at + std::chrono::seconds(row.grant_seconds);
  if (!approvals.decide(row, at)) return over();
  outbox_.enqueue_event(transaction, row.org_id, "approval.decided", approval_event(row));
  return row;
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::decide(Caller& caller, Uuid approval_id,
                                                              ApprovalDecision decision) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    auto row = store::ApprovalRepository(transaction).find(caller.principal.org_id, approval_id);
    if (!row) return problems::not_found("No such approval.");
    return settle(transaction, caller, std::move(*row), decision, false);
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::quick_decide(Caller& caller,
                                                                    std::string_view token,
                                                                    bool approve) {
  const auto link = links_.open(token);
  if (!link) co_return problems::validation("token", "isn't a link of this server's");
  Caller known = caller;
  known.principal.type = PrincipalType::kUser;
  known.principal.id = link->user_id;
  known.principal.org_id = link->org_id;
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    auto row = store::ApprovalRepository(transaction).find(link->org_id, link->approval_id);
    if (!row) return problems::not_found("No such approval.");
    return settle(transaction, known, std::move(*row), {.approve = approve}, true);
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(link->org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::cancel(Caller& caller, Uuid approval_id) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    const Principal& principal = caller.principal;
    store::ApprovalRepository approvals(transaction);
    const auto row = approvals.find(principal.org_id, approval_id);
    if (!row) return problems::not_found("No such approval.");
    if (row->requester_id != principal.id && !principal.is_org_admin()) {
      return problems::forbidden("Only who asked, owners and admins cancel a request.");
    }
    if (!approvals.cancel(approval_id, now())) {
      return problems::bad_request("The approval was decided before or has expired.");
    }
    auto cancelled = approvals.find(principal.org_id, approval_id);
    audit_.append(transaction, caller, approval_entry("approval.cancel", *cancelled));
    outbox_.enqueue_event(transaction, row->org_id, "approval.decided", approval_event(*cancelled));
    return std::move(*cancelled);
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::executable(Caller& caller,
                                                                  Uuid approval_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    auto row = store::ApprovalRepository(transaction).find(caller.principal.org_id, approval_id);
    if (!row || !row->vault_id) return problems::not_found("No such approval.");
    if (row->requester_id != caller.principal.id) {
      return problems::forbidden("Only who asked does what was approved.");
    }
    const TimePoint at = now();
    if (row->state_at(at) != "approved" || *row->grant_expires_at <= at) {
      return problems::bad_request("It isn't approved, was executed before, or the grant is over.");
    }
    if (row->action == action_of(domain::Access::kPut)) {
      return problems::bad_request("A write needs its value: PUT the secret, the grant lets you.");
    }
    return std::move(*row);
  };
  co_return co_await store_.read(read);
}

asio::awaitable<Result<TimePoint>> Approvals::executed(Caller& caller, store::ApprovalRow row) {
  const TimePoint at = now();
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    if (!store::ApprovalRepository(transaction).execute(row.id, at)) {
      return problems::bad_request("It was executed before, or the grant is over.");
    }
    audit_.append(transaction, caller, approval_entry("approval.execute", row));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return at;
}

}  // namespace oneclaw::service

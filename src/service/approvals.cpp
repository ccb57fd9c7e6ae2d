#include "service/approvals.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "domain/policy.h"
#include "service/access.h"
#include "service/mail_texts.h"
#include "store/agent_repository.h"
#include "store/policy_repository.h"
#include "store/secret_repository.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// How long a request that no policy stands behind waits, and is good for.
constexpr std::int64_t kFreeWaitSeconds = 86'400;
constexpr std::int64_t kFreeGrantSeconds = 3600;
constexpr std::size_t kIdChars = 36;

AuditEntry approval_entry(std::string action, const store::ApprovalRow& row) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "approval",
                   .resource_id = row.id.to_string(),
                   .details = {}};
  entry.details["requester"] = row.requester_type + ":" + row.requester_id.to_string();
  entry.details["requested_action"] = row.action;
  if (row.vault_id) {
    entry.details["vault_id"] = row.vault_id->to_string();
    entry.details["path"] = *row.path;
  }
  return entry;
}

boost::json::object event_data(const store::ApprovalRow& row) {
  return {{"approval_id", row.id.to_string()},
          {"requester", row.requester_type + ":" + row.requester_id.to_string()},
          {"action", row.action},
          {"target_type", row.target_type},
          {"target_id", row.target_id},
          {"status", row.status}};
}

std::string requester_name(store::Transaction& transaction, const store::ApprovalRow& row) {
  if (row.requester_type == "agent") {
    const auto agent = store::AgentRepository(transaction).find(row.org_id, row.requester_id);
    return "The agent " + (agent ? agent->name : row.requester_id.to_string());
  }
  const auto user = store::UserRepository(transaction).find(row.requester_id);
  return user ? user->email : row.requester_id.to_string();
}

std::string target_of(const Uuid& vault_id, std::string_view path) {
  return vault_id.to_string() + "/" + std::string(path);
}

/// Whose agent or vault it is: asked first, and may decide when the policy names no roles.
std::optional<Uuid> natural_decider(store::Transaction& transaction,
                                    const store::ApprovalRow& row) {
  if (row.vault_id) {
    const auto vault = store::VaultRepository(transaction).find(row.org_id, *row.vault_id);
    if (vault && vault->created_by_type == "user") return vault->created_by;
    return std::nullopt;
  }
  const auto agent = store::AgentRepository(transaction).find(row.org_id, row.requester_id);
  if (agent && agent->created_by_type == "user") return agent->created_by;
  return std::nullopt;
}

bool may_decide(store::Transaction& transaction, const store::ApprovalRow& row,
                const Uuid& user_id) {
  if (row.requester_type == "user" && row.requester_id == user_id) return false;
  store::UserRepository users(transaction);
  const auto user = users.find(user_id);
  const auto role = users.role(row.org_id, user_id);
  if (!user || !user->is_active || !role) return false;
  if (!row.roles.empty()) return std::ranges::find(row.roles, *role) != row.roles.end();
  return *role == "owner" || *role == "admin" || natural_decider(transaction, row) == user_id;
}

/// The person who is asked: who owns the thing when that one may decide, else the first of the
/// org's owners and admins who may.
Result<Uuid> addressee(store::Transaction& transaction, const store::ApprovalRow& row) {
  if (const auto natural = natural_decider(transaction, row);
      natural && may_decide(transaction, row, *natural)) {
    return *natural;
  }
  for (const std::string_view role : {"owner", "admin"}) {
    for (const Uuid& user_id :
         store::UserRepository(transaction).members_of_role(row.org_id, role)) {
      if (may_decide(transaction, row, user_id)) return user_id;
    }
  }
  return problems::forbidden("Nobody in the org may approve that.");
}

Result<void> check_open(store::Transaction& transaction, const Uuid& requester_id, TimePoint at) {
  if (store::ApprovalRepository(transaction).count_open(requester_id, at) < kMostOpenApprovals) {
    return {};
  }
  return problems::too_many_requests("Too many requests for approval wait for a decision.", 60);
}

store::ApprovalRow new_row(const Caller& caller, TimePoint at) {
  return {.id = Uuid::v4(),
          .org_id = caller.principal.org_id,
          .requester_type = std::string(to_string(caller.principal.type)),
          .requester_id = caller.principal.id,
          .grant_seconds = kFreeGrantSeconds,
          .created_at = at,
          .expires_at = at + std::chrono::seconds(kFreeWaitSeconds)};
}

/// Fills in what the policy that asks says about the request.
Result<void> bind(store::Transaction& transaction, store::ApprovalRow& row,
                  const ApprovalNeeded& needed) {
  const auto policy = store::PolicyRepository(transaction).find(needed.vault_id, needed.policy_id);
  if (!policy || !policy->approval) return problems::forbidden("The policy has just changed.");
  TRY(const domain::ApprovalRule rule, domain::ApprovalRule::parse(*policy->approval));
  row.action = needed.action;
  row.target_type = "secret";
  row.target_id = target_of(needed.vault_id, needed.path);
  row.vault_id = needed.vault_id;
  row.path = needed.path;
  row.policy_id = needed.policy_id;
  row.roles = rule.roles();
  row.grant_seconds = rule.grant().count();
  row.expires_at = row.created_at + rule.wait();
  return {};
}

/// A secret as a request names it.
struct Target {
  Uuid vault_id;
  std::string path;
};

Result<Target> parse_target(store::Transaction& transaction, const Uuid& org_id,
                            std::string_view text) {
  const auto wrong = [] {
    return problems::validation("target_id", "must be <vault id>/<path> or a secret's id");
  };
  const auto id = Uuid::parse(text.substr(0, std::min(text.size(), kIdChars)));
  if (!id) return wrong();
  if (text.size() == kIdChars) {
    const auto secret = store::SecretRepository(transaction).find_by_id(*id);
    if (!secret || secret->deleted_at ||
        !store::VaultRepository(transaction).find(org_id, secret->vault_id)) {
      return problems::not_found("No such secret.");
    }
    return Target{secret->vault_id, secret->path};
  }
  if (text[kIdChars] != '/') return wrong();
  const std::string_view path = text.substr(kIdChars + 1);
  CHECK_OK(validate_secret_path(path, "target_id"));
  return Target{*id, std::string(path)};
}

std::optional<domain::Access> access_of(std::string_view action) {
  for (const domain::Access access :
       {domain::Access::kRead, domain::Access::kPut, domain::Access::kDelete}) {
    if (action == action_of(access)) return access;
  }
  return std::nullopt;
}

/// Binds a request for an access to a secret to the policy that asks for it.
Result<void> bind_to_secret(store::Transaction& transaction, const Caller& caller,
                            store::ApprovalRow& row, domain::Access access,
                            std::string_view target_id) {
  TRY(const Target target, parse_target(transaction, row.org_id, target_id));
  TRY(const VaultAccess vault, VaultAccess::load(transaction, caller, target.vault_id));
  const Result<void> allowed = vault.require(target.path, access);
  if (allowed.ok()) return problems::conflict("No approval is needed for that.");
  if (!allowed.problem().approval) return allowed.problem();
  return bind(transaction, row, *allowed.problem().approval);
}

}  // namespace

void Approvals::insert(store::Transaction& transaction, const Caller& caller,
                       const store::ApprovalRow& row) const {
  store::ApprovalRepository(transaction).insert(row);
  audit_.append(transaction, caller, approval_entry("approval.request", row));
  tell(transaction, row);
}

void Approvals::tell(store::Transaction& transaction, const store::ApprovalRow& row) const {
  outbox_.enqueue_event(transaction, row.org_id, "approval.requested", event_data(row));
  const auto user = store::UserRepository(transaction).find(row.addressed_to);
  if (!user || !user->email_verified) return;
  Email email{.to = user->email,
              .kind = "approval_requested",
              .subject = "Your approval is asked for",
              .text = SecureString(mail::plain_line(requester_name(transaction, row)))};
  email.text.append(" asks for your approval.\n\nAction: " + mail::plain_line(row.action) +
                    "\nTarget: " + row.target_type + " " + row.target_id + "\n");
  if (row.reason) email.text.append("Reason: " + mail::plain_line(*row.reason) + "\n");
  const SecureString token =
      links_.sign({.approval_id = row.id, .org_id = row.org_id, .user_id = row.addressed_to});
  for (const auto& [label, decision] :
       {std::pair("Approve", "approved"), std::pair("Reject", "rejected")}) {
    email.text.append("\n" + std::string(label) + ": " + outbox_.public_url() +
                      "/v1/approvals/quick-decide?decision=" + decision + "&token=");
    email.text.append(token.view());
  }
  email.text.append("\n\nThe request waits until " + to_rfc3339(row.expires_at) + ".\n");
  outbox_.enqueue_email(transaction, row.org_id, email);
}

asio::awaitable<Result<void>> Approvals::ask(Caller& caller, Problem& problem) {
  const ApprovalNeeded& needed = *problem.approval;
  const auto write = [&](store::Transaction& transaction) -> Result<Uuid> {
    store::ApprovalRepository approvals(transaction);
    const TimePoint at = now();
    store::ApprovalRow row = new_row(caller, at);
    const std::string target = target_of(needed.vault_id, needed.path);
    if (const auto open = approvals.find_open(row.requester_id, needed.action, target, at);
        open && open->policy_id == needed.policy_id) {
      row = *open;
    } else {
      CHECK_OK(check_open(transaction, row.requester_id, at));
      CHECK_OK(bind(transaction, row, needed));
      row.summary = boost::json::serialize(
          boost::json::object{{"action", needed.action}, {"path", needed.path}});
      TRY(row.addressed_to, addressee(transaction, row));
      insert(transaction, caller, row);
    }
    AuditEntry entry{.action = needed.action,
                     .resource_type = "secret",
                     .resource_id = needed.path,
                     .details = {}};
    entry.details["reason"] = problem.code;
    entry.details["vault_id"] = needed.vault_id.to_string();
    entry.details["approval_id"] = row.id.to_string();
    audit_.append_refusal(transaction, row.org_id, caller, std::move(entry), problem.status);
    return row.id;
  };
  CO_TRY(problem.approval->request_id, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::request(Caller& caller,
                                                               NewApproval approval) {
  if (!caller.principal.is_agent()) {
    co_return problems::forbidden("Only an agent asks for approval.");
  }
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    store::ApprovalRepository approvals(transaction);
    const TimePoint at = now();
    store::ApprovalRow row = new_row(caller, at);
    row.action = approval.action;
    row.target_type = approval.target_type;
    row.target_id = approval.target_id;
    if (const auto access = access_of(approval.action); access && row.target_type == "secret") {
      CHECK_OK(bind_to_secret(transaction, caller, row, *access, approval.target_id));
    }
    const auto open = approvals.find_open(row.requester_id, row.action, row.target_id, at);
    const bool is_known = open && open->policy_id == row.policy_id;
    if (is_known) row = *open;
    row.summary = approval.summary_json;
    row.reason = approval.reason;
    row.risk_tier = approval.risk_tier;
    if (is_known) {
      approvals.explain(row);
      audit_.append(transaction, caller, approval_entry("approval.request", row));
      return row;
    }
    CHECK_OK(check_open(transaction, row.requester_id, at));
    TRY(row.addressed_to, addressee(transaction, row));
    insert(transaction, caller, row);
    return row;
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<std::vector<store::ApprovalRow>>> Approvals::list(Caller& caller,
                                                                         ApprovalQuery query) {
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<store::ApprovalRow>> {
    const Principal& principal = caller.principal;
    store::ApprovalFilter filter{.status = query.status};
    if (principal.is_agent()) {
      filter.requester_id = principal.id;
    } else if (!principal.is_org_admin()) {
      filter.addressed_to = principal.id;
    }
    return store::ApprovalRepository(transaction)
        .list(principal.org_id, filter, now(), query.limit, query.offset);
  };
  CO_TRY(auto rows, co_await store_.read(read));
  AuditEntry entry{
      .action = "approval.list", .resource_type = "approval", .resource_id = {}, .details = {}};
  entry.details["count"] = rows.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(rows);
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::get(Caller& caller, Uuid approval_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    const Principal& principal = caller.principal;
    auto row = store::ApprovalRepository(transaction).find(principal.org_id, approval_id);
    if (!row) return problems::not_found("No such approval.");
    const bool is_its_own = row->requester_id == principal.id;
    const bool may_see = principal.is_user() &&
                         (principal.is_org_admin() || may_decide(transaction, *row, principal.id));
    if (!is_its_own && !may_see) {
      return problems::forbidden("Only who asked and who may decide see an approval.");
    }
    return std::move(*row);
  };
  CO_TRY(store::ApprovalRow row, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, approval_entry("approval.read", row)));
  co_return std::move(row);
}

Result<store::ApprovalRow> Approvals::settle(store::Transaction& transaction, const Caller& caller,
                                             store::ApprovalRow row, bool approve,
                                             std::optional<std::string> reason,
                                             bool by_link) const {
  const Uuid& user_id = caller.principal.id;
  if (!may_decide(transaction, row, user_id)) {
    return problems::forbidden("This person may not decide that.");
  }
  const TimePoint at = now();
  row.status = approve ? "approved" : "rejected";
  row.decision_reason = std::move(reason);
  row.decided_by = user_id;
  row.decided_at = at;
  if (approve) row.grant_expires_at = at + std::chrono::seconds(row.grant_seconds);
  if (!store::ApprovalRepository(transaction).decide(row, at)) {
    return problems::conflict("The approval was decided before or has expired.");
  }
  AuditEntry entry = approval_entry("approval.decide", row);
  entry.details["decision"] = row.status;
  entry.details["by_link"] = by_link;
  audit_.append(transaction, row.org_id, caller, std::move(entry));
  outbox_.enqueue_event(transaction, row.org_id, "approval.decided", event_data(row));
  return row;
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::decide(Caller& caller, Uuid approval_id,
                                                              bool approve,
                                                              std::optional<std::string> reason) {
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    auto row = store::ApprovalRepository(transaction).find(caller.principal.org_id, approval_id);
    if (!row) return problems::not_found("No such approval.");
    return settle(transaction, caller, std::move(*row), approve, reason, false);
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
    return settle(transaction, known, std::move(*row), approve, std::nullopt, true);
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(link->org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

}  // namespace oneclaw::service

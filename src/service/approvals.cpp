#include "service/approvals.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "domain/policy.h"
#include "service/access.h"
#include "service/approval_rules.h"
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
constexpr std::size_t kMostTold = 20;  ///< by email, where several must approve

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

Result<void> check_open(store::Transaction& transaction, const Uuid& requester_id, TimePoint at) {
  if (store::ApprovalRepository(transaction).count_open(requester_id, at) < kMostOpenApprovals) {
    return {};
  }
  return problems::too_many_requests("Too many requests for approval wait for a decision.", 60);
}

store::ApprovalRow new_row(const Caller& caller, TimePoint at) {
  return {.id = Uuid::v7(),
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
  row.required_approvals = rule.approvals();
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

/// Owners and admins see all, others what they asked or are asked.
store::ApprovalFilter filter_of(const Principal& principal, const ApprovalQuery& query) {
  store::ApprovalFilter filter{
      .requester_id = query.requester_id, .status = query.status, .of_secrets = query.of_secrets};
  if (principal.is_agent()) {
    // Another agent's are no less hidden for being asked for.
    filter.requester_id =
        query.requester_id.value_or(principal.id) == principal.id ? principal.id : Uuid{};
  } else if (!principal.is_org_admin()) {
    filter.addressed_to = principal.id;
  }
  return filter;
}

}  // namespace

Result<void> Approvals::insert(store::Transaction& transaction, const Caller& caller,
                               store::ApprovalRow& row) const {
  TRY(std::vector<Uuid> people, deciders(transaction, row));
  row.addressed_to = people.front();
  store::ApprovalRepository(transaction).insert(row);
  audit_.append(transaction, caller, approval_entry("approval.request", row));
  outbox_.enqueue_event(transaction, row.org_id, "approval.requested", approval_event(row));
  people.resize(row.required_approvals == 1 ? 1 : std::min(people.size(), kMostTold));
  for (const Uuid& user_id : people) tell(transaction, row, user_id);
  return {};
}

void Approvals::tell(store::Transaction& transaction, const store::ApprovalRow& row,
                     const Uuid& user_id) const {
  const auto user = store::UserRepository(transaction).find(user_id);
  if (!user || !user->email_verified) return;
  Email email{.to = user->email,
              .kind = "approval_requested",
              .subject = "Your approval is asked for",
              .text = SecureString(mail::plain_line(requester_name(transaction, row)))};
  email.text.append(" asks for your approval.\n\nAction: " + mail::plain_line(row.action) +
                    "\nTarget: " + row.target_type + " " + row.target_id + "\n");
  if (row.reason) email.text.append("Reason: " + mail::plain_line(*row.reason) + "\n");
  const SecureString token =
      links_.sign({.approval_id = row.id, .org_id = row.org_id, .user_id = user_id});
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
      CHECK_OK(insert(transaction, caller, row));
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
    CHECK_OK(insert(transaction, caller, row));
    return row;
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

asio::awaitable<Result<ApprovalPage>> Approvals::list(Caller& caller, ApprovalQuery query) {
  const auto read = [&](store::Transaction& transaction) -> Result<ApprovalPage> {
    const Principal& principal = caller.principal;
    const store::ApprovalFilter filter = filter_of(principal, query);
    const TimePoint at = now();
    store::ApprovalRepository approvals(transaction);
    return ApprovalPage{approvals.list(principal.org_id, filter, at, query.limit, query.offset),
                        query.of_secrets ? approvals.count(principal.org_id, filter, at) : 0};
  };
  CO_TRY(auto page, co_await store_.read(read));
  AuditEntry entry{
      .action = "approval.list", .resource_type = "approval", .resource_id = {}, .details = {}};
  entry.details["count"] = page.approvals.size();
  CO_CHECK_OK(co_await audit_.record(caller, std::move(entry)));
  co_return std::move(page);
}

asio::awaitable<Result<SignedApproval>> Approvals::get(Caller& caller, Uuid approval_id) {
  const auto read = [&](store::Transaction& transaction) -> Result<SignedApproval> {
    const Principal& principal = caller.principal;
    auto row = store::ApprovalRepository(transaction).find(principal.org_id, approval_id);
    if (!row) return problems::not_found("No such approval.");
    const bool is_its_own = row->requester_id == principal.id;
    const bool may_see = principal.is_user() &&
                         (principal.is_org_admin() || may_decide(transaction, *row, principal.id));
    if (!is_its_own && !may_see) {
      return problems::forbidden("Only who asked and who may decide see an approval.");
    }
    return SignedApproval{std::move(*row),
                          store::ApprovalRepository(transaction).signatures(approval_id)};
  };
  CO_TRY(SignedApproval found, co_await store_.read(read));
  CO_CHECK_OK(co_await audit_.record(caller, approval_entry("approval.read", found.approval)));
  co_return std::move(found);
}

asio::awaitable<Result<store::ApprovalRow>> Approvals::submit(Caller& caller,
                                                              NewSubmission submission) {
  const auto access = access_of(submission.action);
  if (!access) {
    co_return problems::validation("action", "must be secret.read, secret.write or secret.delete");
  }
  CO_CHECK_OK(validate_secret_path(submission.path, "action_payload.path"));
  const auto write = [&](store::Transaction& transaction) -> Result<store::ApprovalRow> {
    const Principal& principal = caller.principal;
    const auto policy =
        store::PolicyRepository(transaction).find_in_org(principal.org_id, submission.policy_id);
    if (!policy || policy->principal_id != principal.id) {
      return problems::not_found("No such policy of yours.");
    }
    if (submission.vault_id && *submission.vault_id != policy->vault_id) {
      return problems::validation("action_payload.vault_id", "isn't the policy's vault");
    }
    store::ApprovalRow row = new_row(caller, now());
    CHECK_OK(bind_to_secret(transaction, caller, row, *access,
                            target_of(policy->vault_id, submission.path)));
    if (row.policy_id != policy->id) {
      return problems::validation("policy_id", "isn't the policy that asks for this approval");
    }
    store::ApprovalRepository approvals(transaction);
    if (auto open =
            approvals.find_open(row.requester_id, row.action, row.target_id, row.created_at);
        open && open->policy_id == row.policy_id) {
      audit_.append(transaction, caller, approval_entry("approval.request", *open));
      return std::move(*open);
    }
    CHECK_OK(check_open(transaction, row.requester_id, row.created_at));
    row.summary = boost::json::serialize(
        boost::json::object{{"action", row.action}, {"path", submission.path}});
    CHECK_OK(insert(transaction, caller, row));
    return row;
  };
  CO_TRY(store::ApprovalRow row, co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return std::move(row);
}

}  // namespace oneclaw::service

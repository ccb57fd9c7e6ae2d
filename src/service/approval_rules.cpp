#include "service/approval_rules.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "store/agent_repository.h"
#include "store/user_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

namespace {

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

}  // namespace

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

boost::json::object approval_event(const store::ApprovalRow& row) {
  return {{"approval_id", row.id.to_string()},
          {"requester", row.requester_type + ":" + row.requester_id.to_string()},
          {"action", row.action},
          {"target_type", row.target_type},
          {"target_id", row.target_id},
          {"status", row.status}};
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

Result<std::vector<Uuid>> deciders(store::Transaction& transaction, const store::ApprovalRow& row) {
  std::vector<Uuid> people;
  const auto add = [&](const Uuid& user_id) {
    if (std::ranges::find(people, user_id) == people.end() &&
        may_decide(transaction, row, user_id)) {
      people.push_back(user_id);
    }
  };
  if (const auto natural = natural_decider(transaction, row)) add(*natural);
  for (const std::string_view role : {"owner", "admin"}) {
    for (const Uuid& user_id :
         store::UserRepository(transaction).members_of_role(row.org_id, role)) {
      add(user_id);
    }
  }
  if (people.empty()) return problems::forbidden("Nobody in the org may approve that.");
  if (std::ssize(people) < row.required_approvals) {
    return problems::forbidden("Fewer people in the org may approve that than must.");
  }
  return people;
}

boost::json::object approval_payload(const store::ApprovalRow& row) {
  boost::json::object payload;
  if (row.vault_id) payload["vault_id"] = row.vault_id->to_string();
  if (row.path) payload["path"] = *row.path;
  return payload;
}

std::string payload_hash(const store::ApprovalRow& row) {
  boost::json::object text{{"action", row.action}};
  for (const auto& member : approval_payload(row)) text.insert(member);
  const std::string json = boost::json::serialize(text);
  return to_hex(crypto::sha256(as_bytes(json)));
}

}  // namespace oneclaw::service

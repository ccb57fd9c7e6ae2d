#include "service/share_rules.h"

#include <algorithm>
#include <utility>

#include "store/agent_repository.h"
#include "store/usage_repository.h"
#include "store/user_repository.h"

namespace oneclaw::service {

namespace {

/// Whether the person or agent still belongs to the org.
bool belongs(store::Transaction& transaction, const Uuid& org_id, std::string_view type,
             const Uuid& id) {
  if (type == "agent") {
    const auto agent = store::AgentRepository(transaction).find(org_id, id);
    return agent && agent->is_active && !(agent->expires_at && *agent->expires_at <= now());
  }
  store::UserRepository users(transaction);
  const auto user = users.find(id);
  return user && user->is_active && users.role(org_id, id).has_value();
}

}  // namespace

AuditEntry share_entry(std::string action, const store::ShareRow& share) {
  AuditEntry entry{.action = std::move(action),
                   .resource_type = "share",
                   .resource_id = share.id.to_string(),
                   .details = {}};
  // First, for the store looks for it there (store/schema_11.h).
  entry.details["secret_id"] = share.secret_id.to_string();
  entry.details["vault_id"] = share.vault_id.to_string();
  entry.details["recipient_type"] = share.recipient_type;
  return entry;
}

Result<void> validate_share(const Principal& author, const NewShare& share) {
  std::vector<FieldError> errors;
  const auto wrong = [&](std::string field, std::string message) {
    errors.push_back({std::move(field), std::move(message)});
  };
  const std::string& type = share.recipient_type;
  const bool by_id = type == "user" || type == "agent";
  if (!by_id && type != "creator" && type != "external_email" && type != "anyone_with_link") {
    wrong("recipient_type", "must be user, agent, creator, external_email or anyone_with_link");
  }
  if (by_id && !share.recipient_id) wrong("recipient_id", "is required");
  if (!by_id && share.recipient_id) wrong("recipient_id", "belongs to user and agent alone");
  if (type == "external_email" && !share.email) wrong("email", "is required");
  if (type != "external_email" && share.email) wrong("email", "belongs to external_email alone");
  if (type == "creator" && !author.is_agent()) {
    wrong("recipient_type", "can't be creator: only an agent has one");
  }
  if (share.permissions != std::vector<std::string>{"read"}) {
    wrong("permissions", "must be [\"read\"]");
  }
  const TimePoint at = now();
  if (share.expires_at <= at) wrong("expires_at", "must be in the future");
  if (share.expires_at > at + kLongestShare) wrong("expires_at", "must be within 366 days");
  for (std::size_t i = 0; i < share.ip_allowlist.size(); ++i) {
    if (!Cidr::parse(share.ip_allowlist[i])) {
      wrong("ip_allowlist[" + std::to_string(i) + "]", "must be a CIDR block");
    }
  }
  if (!errors.empty()) return problems::validation(std::move(errors));
  return {};
}

Result<void> check_share_room(store::Transaction& transaction, const store::ShareRow& share) {
  const auto full = [](std::string_view of, std::int64_t most) {
    return problems::conflict("The " + std::string(of) +
                              " has as many shares as one may have: " + std::to_string(most) + ".");
  };
  if (store::ShareRepository(transaction).count_alive(share.secret_id, share.created_at) >=
      kMostSharesOfSecret) {
    return full("secret", kMostSharesOfSecret);
  }
  if (store::UsageRepository(transaction).shares(share.org_id, share.created_at) >=
      kMostSharesOfOrg) {
    return full("org", kMostSharesOfOrg);
  }
  return {};
}

Result<void> resolve_recipient(store::Transaction& transaction, const Principal& author,
                               const NewShare& wanted, store::ShareRow& share) {
  store::UserRepository users(transaction);
  if (wanted.recipient_type == "user") {
    if (!belongs(transaction, author.org_id, "user", *wanted.recipient_id)) {
      return problems::validation("recipient_id", "is no such user of this org");
    }
    share.recipient_id = wanted.recipient_id;
  } else if (wanted.recipient_type == "agent") {
    if (!belongs(transaction, author.org_id, "agent", *wanted.recipient_id)) {
      return problems::validation("recipient_id", "is no such agent of this org");
    }
    share.recipient_id = wanted.recipient_id;
  } else if (wanted.recipient_type == "creator") {
    const auto agent = store::AgentRepository(transaction).find(author.org_id, author.id);
    if (!agent || agent->created_by_type != "user" ||
        !belongs(transaction, author.org_id, "user", agent->created_by)) {
      return problems::validation("recipient_type", "can't be creator: no person made this agent");
    }
    share.recipient_id = agent->created_by;
  } else if (wanted.recipient_type == "external_email") {
    share.recipient_email = wanted.email;
  }
  return {};
}

bool is_author(const Principal& principal, const store::ShareRow& share) {
  return principal.type != PrincipalType::kNone && share.created_by == principal.id &&
         share.created_by_type == to_string(principal.type);
}

bool is_recipient(const Principal& principal, const store::ShareRow& share) {
  if (share.recipient_id != principal.id) return false;
  return principal.type ==
         (share.recipient_type == "agent" ? PrincipalType::kAgent : PrincipalType::kUser);
}

bool is_alive(store::Transaction& transaction, const store::ShareRow& share) {
  const bool open_ended = !share.max_access_count || share.access_count < *share.max_access_count;
  if (share.revoked_at || share.declined_at || share.expires_at <= now() || !open_ended ||
      !belongs(transaction, share.org_id, share.created_by_type, share.created_by)) {
    return false;
  }
  const bool in_org = share.recipient_type == "user" || share.recipient_type == "agent" ||
                      share.recipient_type == "creator";
  return !in_org ||
         belongs(transaction, share.org_id, share.recipient_type == "agent" ? "agent" : "user",
                 share.recipient_id.value_or(Uuid{}));
}

bool admits_address(const store::ShareRow& share, const IpAddress& address) {
  return share.ip_allowlist.empty() ||
         std::ranges::any_of(share.ip_allowlist, [&](const std::string& text) {
           const auto block = Cidr::parse(text);
           return block && block->contains(address);
         });
}

}  // namespace oneclaw::service

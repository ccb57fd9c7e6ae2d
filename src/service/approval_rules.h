// Who decides a request for approval, and how it is written down.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "service/audit_log.h"
#include "store/approval_repository.h"
#include "store/store.h"

namespace oneclaw::service {

AuditEntry approval_entry(std::string action, const store::ApprovalRow& row);
/// The data of its webhook events.
boost::json::object approval_event(const store::ApprovalRow& row);

/// Whether the person may decide: by role, when the policy names roles; else the org's owners and
/// admins and whose vault or agent it is. Never who asked.
bool may_decide(store::Transaction& transaction, const store::ApprovalRow& row,
                const Uuid& user_id);
/// Those who may, whose vault or agent it is first, then owners, then admins. 403 when they are
/// fewer than must approve.
Result<std::vector<Uuid>> deciders(store::Transaction& transaction, const store::ApprovalRow& row);

/// What is approved, as JSON: `{"vault_id": …, "path": …}` of an access to a secret.
boost::json::object approval_payload(const store::ApprovalRow& row);
/// Lower-case hex of the SHA-256 of the JSON text `{"action":…,"vault_id":…,"path":…}`: a person
/// who sends it back approves that and nothing else.
std::string payload_hash(const store::ApprovalRow& row);

}  // namespace oneclaw::service

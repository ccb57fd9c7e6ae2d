// What a share may be, whose it is, and whether it is alive.
#pragma once

#include <string>

#include "base/caller.h"
#include "base/ip.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/shares.h"
#include "store/share_repository.h"
#include "store/store.h"

namespace oneclaw::service {

AuditEntry share_entry(std::string action, const store::ShareRow& share);

/// 400 naming each field that is wrong.
Result<void> validate_share(const Principal& author, const NewShare& share);
/// 409 when the secret or the org has as many shares as one may have.
Result<void> check_share_room(store::Transaction& transaction, const store::ShareRow& share);
/// Sets the recipient's id and address from what the caller asks for. 400 for one that isn't there.
Result<void> resolve_recipient(store::Transaction& transaction, const Principal& author,
                               const NewShare& wanted, store::ShareRow& share);

bool is_author(const Principal& principal, const store::ShareRow& share);
bool is_recipient(const Principal& principal, const store::ShareRow& share);
/// All that opening it needs but the passphrase and the address.
bool is_alive(store::Transaction& transaction, const store::ShareRow& share);
/// Whether the share's own list lets the address in.
bool admits_address(const store::ShareRow& share, const IpAddress& address);

}  // namespace oneclaw::service

// Where an audit chain begins once its oldest events were removed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "domain/audit_chain.h"
#include "store/store.h"

namespace oneclaw::store {

/// The last event that was removed: the first that is left links to it.
struct AuditAnchor {
  Uuid org_id;
  std::int64_t sequence = 0;
  Uuid event_id;
  domain::ChainHash hash{};
  TimePoint until;         ///< when that event happened
  TimePoint removed_at;    ///< when it was removed
  bool is_genuine = true;  ///< false when the row was changed from outside (row_seal.h)

  /// What a walk over the rest starts after.
  [[nodiscard]] domain::ChainHead head() const { return {sequence, event_id, hash, until}; }
};

/// Methods throw Error.
class AuditAnchorRepository {
 public:
  explicit AuditAnchorRepository(Transaction& transaction)
      : connection_(transaction.connection()) {}

  std::optional<AuditAnchor> find(const Uuid& org_id);
  /// Removes the org's events up to the anchor's own, which takes their place. Nothing is checked.
  /// In a write of that org alone.
  void remove_through(const AuditAnchor& anchor);
  /// The orgs that have a chain, with the server's own (nil).
  std::vector<Uuid> chains();

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

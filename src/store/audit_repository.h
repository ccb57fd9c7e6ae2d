// The audit chain of each org. The nil org's is the server's own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "domain/audit_chain.h"
#include "store/store.h"

namespace oneclaw::store {

/// What is set must hold.
struct AuditFilter {
  std::optional<std::string> resource_id{};
  std::optional<std::string> actor_id{};
  std::optional<std::string> action{};
  std::optional<TimePoint> from{};  ///< inclusive
  std::optional<TimePoint> to{};    ///< exclusive
};

/// Methods throw Error.
class AuditRepository {
 public:
  explicit AuditRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  /// An empty head when the org has no event.
  domain::ChainHead head(const Uuid& org_id);
  /// Stores a linked event and makes it the head. Kind::kUnique when the sequence is taken. In a
  /// write alone; the head's row follows with the commit.
  void append(const domain::AuditEvent& event);
  /// Newest first.
  std::vector<domain::AuditEvent> list(const Uuid& org_id, const AuditFilter& filter,
                                       std::int64_t limit, std::int64_t offset);
  /// Oldest first, those after `after_sequence` (0: all).
  std::vector<domain::AuditEvent> walk(const Uuid& org_id, std::int64_t after_sequence,
                                       std::int64_t limit);
  /// The sequence of the first event at or after `time`: in a chain time never goes back.
  std::optional<std::int64_t> first_at_or_after(const Uuid& org_id, TimePoint time);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

// Invitations to an org, by email.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct InvitationRow {
  Uuid id{};
  Uuid org_id{};
  std::string email{};  ///< in lower case
  std::string role{};
  Bytes token_mac{};
  Uuid invited_by{};
  TimePoint created_at{};
  TimePoint expires_at{};
};

/// An invitation is open until it is accepted or revoked, or expires. Methods throw Error.
class InvitationRepository {
 public:
  explicit InvitationRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert(const InvitationRow& invitation);
  std::optional<InvitationRow> find_open(ByteView token_mac, TimePoint at);
  /// Newest first.
  std::vector<InvitationRow> list_open(const Uuid& org_id, TimePoint at);
  void accept(const Uuid& id, TimePoint at);
  /// False when the org has no such invitation that is not accepted or revoked.
  bool revoke(const Uuid& org_id, const Uuid& id, TimePoint at);
  void revoke_for_email(const Uuid& org_id, std::string_view email, TimePoint at);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

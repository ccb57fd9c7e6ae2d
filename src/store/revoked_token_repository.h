// Access tokens that were revoked before they expired.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

/// Methods throw Error.
class RevokedTokenRepository {
 public:
  explicit RevokedTokenRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  /// Revoking a token again changes nothing.
  void insert(const Uuid& token_id, TimePoint expires_at);
  bool contains(const Uuid& token_id);
  /// Deletes at most `limit` entries that expired before `before`; gives their number.
  std::int64_t purge_expired(TimePoint before, std::int64_t limit);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

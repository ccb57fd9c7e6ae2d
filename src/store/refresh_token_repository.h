// Refresh tokens, by their MAC. A family is the chain of tokens that came from one sign-in.
#pragma once

#include <cstdint>
#include <optional>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct RefreshTokenRow {
  Bytes token_mac{};  ///< 32 bytes
  Uuid family_id{};
  Uuid user_id{};
  Uuid org_id{};
  std::int64_t token_version = 1;
  TimePoint created_at{};
  TimePoint expires_at{};
  std::optional<TimePoint> spent_at{};
  std::optional<TimePoint> revoked_at{};
  std::optional<Uuid> api_key_id{};
};

/// Methods throw Error.
class RefreshTokenRepository {
 public:
  explicit RefreshTokenRepository(Transaction& transaction)
      : connection_(transaction.connection()) {}

  void insert(const RefreshTokenRow& token);
  std::optional<RefreshTokenRow> find(ByteView token_mac);
  /// True for the one caller who spent it: it was there, unspent and not revoked.
  bool spend(ByteView token_mac, TimePoint at);
  void revoke_family(const Uuid& family_id, TimePoint at);
  void revoke_user(const Uuid& user_id, TimePoint at);
  /// Deletes at most `limit` tokens that expired before `before`; gives their number.
  std::int64_t purge_expired(TimePoint before, std::int64_t limit);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

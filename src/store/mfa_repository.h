// The second factor: a TOTP secret and recovery codes for each person who wants them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct TotpRow {
  Uuid user_id{};
  Bytes sealed{};              ///< the secret, sealed
  bool is_confirmed = false;   ///< a code of it was shown once
  std::int64_t last_step = 0;  ///< codes of this step and before are used up
  TimePoint created_at{};
};

/// Methods throw Error.
class MfaRepository {
 public:
  explicit MfaRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// In place of an unconfirmed one.
  void put_totp(const TotpRow& totp);
  std::optional<TotpRow> totp(const Uuid& user_id);
  void confirm_totp(const Uuid& user_id);
  /// True for the one caller who used the step: it was later than every step used before.
  bool use_step(const Uuid& user_id, std::int64_t step);

  void insert_recovery_code(const Uuid& user_id, ByteView code_mac);
  /// True for the one caller who used it.
  bool use_recovery_code(const Uuid& user_id, ByteView code_mac, TimePoint at);
  std::int64_t recovery_codes_left(const Uuid& user_id);

  /// The secret and the codes.
  void remove(const Uuid& user_id);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

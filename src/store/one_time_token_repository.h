// Tokens and codes of a person's that work once: by the MAC of what was handed out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct OneTimeTokenRow {
  Bytes token_mac{};      ///< 32 bytes
  Uuid id{};              ///< names the token in logs and events
  std::string purpose{};  ///< "password_reset", "email_change" or "mfa"
  Uuid user_id{};
  std::string email{};  ///< the address it was sent to or is about; may be empty
  std::int64_t failures = 0;
  TimePoint created_at{};
  TimePoint expires_at{};
};

/// Methods throw Error.
class OneTimeTokenRepository {
 public:
  explicit OneTimeTokenRepository(Transaction& transaction)
      : connection_(transaction.connection()) {}

  void insert(const OneTimeTokenRow& token);
  std::optional<OneTimeTokenRow> find(std::string_view purpose, ByteView token_mac);
  /// The person's newest of that purpose.
  std::optional<OneTimeTokenRow> find_newest(std::string_view purpose, const Uuid& user_id);
  void count_failure(const Uuid& id);
  /// Ends one. True for the one caller who did.
  bool remove(const Uuid& id);
  void remove_for_user(std::string_view purpose, const Uuid& user_id);
  /// Deletes at most `limit` that expired before `before`.
  void purge_expired(TimePoint before, std::int64_t limit);

 private:
  Connection& connection_;
};

/// A sign-up that waits for its address to be proven.
struct PendingSignupRow {
  Bytes token_mac{};  ///< 32 bytes
  std::string email{};
  std::string display_name{};
  std::string password_hash{};
  TimePoint created_at{};
  TimePoint expires_at{};
};

/// Methods throw Error.
class PendingSignupRepository {
 public:
  explicit PendingSignupRepository(Transaction& transaction)
      : connection_(transaction.connection()) {}

  void insert(const PendingSignupRow& signup);
  std::optional<PendingSignupRow> find(ByteView token_mac);
  /// Ends every sign-up of an address: it has an account now.
  void remove_for_email(std::string_view email);
  /// Deletes at most `limit` that expired before `before`.
  void purge_expired(TimePoint before, std::int64_t limit);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

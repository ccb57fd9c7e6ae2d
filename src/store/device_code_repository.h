// Device authorizations (RFC 8628): a device that waits until a person types its user code.
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

struct DeviceCodeRow {
  Bytes device_mac{};       ///< 32 bytes
  std::string user_code{};  ///< unique; upper case, without the dash
  std::string client_id{};
  std::string email{};             ///< whose approval is waited for, in lower case
  std::string status = "pending";  ///< or "approved", "denied"
  std::optional<Uuid> user_id{};   ///< who decided
  std::int64_t interval_seconds = 5;
  std::optional<TimePoint> polled_at{};
  TimePoint created_at{};
  TimePoint expires_at{};
};

/// Methods throw Error.
class DeviceCodeRepository {
 public:
  explicit DeviceCodeRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  /// Kind::kUnique when the user code is taken.
  void insert(const DeviceCodeRow& code);
  std::optional<DeviceCodeRow> find(ByteView device_mac);
  std::optional<DeviceCodeRow> find_by_user_code(std::string_view user_code);
  /// True for the one caller who decided it: it was pending.
  bool decide(std::string_view user_code, std::string_view status, const Uuid& user_id);
  void polled(ByteView device_mac, std::int64_t interval_seconds, TimePoint at);
  /// True for the one caller who removed it.
  bool remove(ByteView device_mac);
  void remove_for_user(const Uuid& user_id);
  /// Deletes at most `limit` that expired before `before`.
  void purge_expired(TimePoint before, std::int64_t limit);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

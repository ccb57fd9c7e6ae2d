// The server's own keys, wrapped by the keyring.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "store/store.h"

namespace oneclaw::store {

struct SigningKeyRow {
  std::string kid{};
  Bytes public_key{};
  std::string root_key_id{};
  Bytes wrapped{};
  TimePoint created_at{};
  std::optional<TimePoint> retired_at{};
};

struct ServerKeyRow {
  std::string name{};
  std::string root_key_id{};
  Bytes wrapped{};
  TimePoint created_at{};
};

/// Methods throw Error.
class KeyRepository {
 public:
  explicit KeyRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert_signing_key(const SigningKeyRow& key);
  /// All of them, newest first, retired ones too.
  std::vector<SigningKeyRow> signing_keys();
  void insert_server_key(const ServerKeyRow& key);
  std::optional<ServerKeyRow> server_key(std::string_view name);
  std::vector<ServerKeyRow> server_keys();
  /// The key signs no more from `at` on.
  void retire_signing_key(std::string_view kid, TimePoint at);
  /// Those retired before `before`; how many there were.
  std::int64_t remove_retired_signing_keys(TimePoint before);
  void rewrap_signing_key(std::string_view kid, std::string_view root_key_id, ByteView wrapped);
  void rewrap_server_key(std::string_view name, std::string_view root_key_id, ByteView wrapped);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

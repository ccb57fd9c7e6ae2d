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

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

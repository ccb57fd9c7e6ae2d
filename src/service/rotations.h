// Rotation of secrets into generated values: on request and on a schedule.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/rotation_schedule.h"
#include "service/secrets.h"
#include "service/vault_keys.h"
#include "store/rotation_repository.h"
#include "store/store.h"

namespace oneclaw::service {

struct RotateOptions {
  std::int64_t length = 32;
  crypto::Charset charset = crypto::Charset::kAlphanumeric;
  std::optional<std::string> type;  ///< that of the current version when absent
};

class Rotations {
 public:
  Rotations(store::Store& store, VaultKeys& keys, AuditLog& audit, const Outbox& outbox)
      : store_(store), keys_(keys), audit_(audit), outbox_(outbox) {}

  /// Stores a generated value as the next version, with the metadata of the current one. Its
  /// schedule, when it has one, starts anew. 404 and 410 as a read; 409 in a CMEK vault, whose
  /// values the server can't make.
  boost::asio::awaitable<Result<SecretMetadata>> rotate(Caller& caller, Uuid vault_id,
                                                        std::string path, RotateOptions options);

  /// Rotates what is due, each in one transaction with its next time: exactly once, whatever
  /// happens in between. After a downtime each due secret is rotated once. A background task.
  boost::asio::awaitable<void> run_due();

 private:
  Result<void> rotate_due(store::Transaction& transaction, const Uuid& secret_id, TimePoint at);

  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

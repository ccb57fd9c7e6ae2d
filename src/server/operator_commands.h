// What the operator can ask of a running server.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "crypto/keyring.h"
#include "server/operator_socket.h"
#include "service/account.h"
#include "service/audit_log.h"
#include "service/custody.h"

namespace oneclaw::server {

/// The server, as the operator's commands see it.
class OperatorTarget {
 public:
  virtual ~OperatorTarget() = default;
  virtual crypto::Keyring& keyring() = 0;
  /// Null while the server is sealed.
  virtual std::shared_ptr<service::Custody> custody() = 0;
  /// Null while the server is sealed.
  virtual std::shared_ptr<service::AuditLog> audit() = 0;
  /// Null while the server is sealed.
  virtual std::shared_ptr<service::Account> account() = 0;
  /// Opens the store and starts to serve; the keyring is ready.
  virtual Result<void> open() = 0;
  /// Stops serving, and lets go of everything in memory once the requests inside are answered, or
  /// `longest` has passed: then it is false.
  virtual bool close(std::chrono::milliseconds longest) = 0;
};

/// Commands: status, init, unseal, seal, rekey, rotate-root, rotate-vault, rotate-jwt, forget-root,
/// reset-password, backup, audit-retention. Thread-safe; those that seal and unseal run one at a
/// time.
class OperatorCommands {
 public:
  /// How long requests in flight may take when the server is sealed.
  static constexpr std::chrono::seconds kSealDrain{10};

  explicit OperatorCommands(OperatorTarget& target) : target_(target) {}
  void run(OperatorCall& call);

 private:
  Result<boost::json::value> answer_to(std::string_view command, OperatorCall& call);
  Result<boost::json::value> status();
  Result<boost::json::value> init(OperatorCall& call);
  Result<boost::json::value> unseal(OperatorCall& call);
  Result<boost::json::value> seal();
  Result<boost::json::value> rekey(OperatorCall& call);
  Result<boost::json::value> rotate_root();
  Result<boost::json::value> rotate_vault(OperatorCall& call);
  Result<boost::json::value> rotate_jwt(OperatorCall& call);
  Result<boost::json::value> forget_root(OperatorCall& call);
  Result<boost::json::value> audit_retention(OperatorCall& call);
  Result<boost::json::value> reset_password(OperatorCall& call);
  void backup(OperatorCall& call);
  /// 503 "sealed" while the server is.
  Result<std::shared_ptr<service::Custody>> custody();

  OperatorTarget& target_;
  std::mutex seal_mutex_;
  int failed_unseals_ = 0;
};

}  // namespace oneclaw::server

// Customer-managed encryption keys: the client encrypts, the server knows the key's fingerprint.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "base/secure.h"
#include "service/audit_log.h"
#include "service/outbox.h"
#include "service/vault_keys.h"
#include "store/rotation_repository.h"
#include "store/secret_repository.h"
#include "store/store.h"
#include "store/vault_repository.h"

namespace oneclaw::service {

/// A rotation's keys come with the request that starts or resumes it, and live in guarded memory
/// until it ends: they are never stored nor logged. A job that lost them (the server ended) waits
/// as "pending" until they are sent again.
struct CmekKeys {
  Key256 from;
  Key256 to;
};

/// For those who reach the vault whole: 403 to others.
class Cmek {
 public:
  static constexpr std::size_t kMostRunning = 64;

  Cmek(store::Store& store, VaultKeys& keys, AuditLog& audit, const Outbox& outbox)
      : store_(store), keys_(keys), audit_(audit), outbox_(outbox) {}

  /// Called after a job got its keys; set it before the first request.
  void set_waker(std::function<void()> wake) { wake_ = std::move(wake); }

  /// From then on each PUT must hold a blob that the client encrypted. 400 when it is on already,
  /// for a system vault, and for a vault with schedules or environment variables, which the server
  /// could no longer serve.
  boost::asio::awaitable<Result<store::VaultRow>> enable(Caller& caller, Uuid vault_id,
                                                         std::string fingerprint);
  /// What is stored stays as it is. 400 when it is not on, 409 while a rotation is open.
  boost::asio::awaitable<Result<store::VaultRow>> disable(Caller& caller, Uuid vault_id);
  /// Starts a job that gives every version under the old key one under the new, or resumes the one
  /// that is open. 400 that names the header when a key isn't that of its fingerprint, 409 when a
  /// job for another key is open.
  boost::asio::awaitable<Result<store::CmekRotationRow>> rotate(Caller& caller, Uuid vault_id,
                                                                CmekKeys keys,
                                                                std::string new_fingerprint);
  boost::asio::awaitable<Result<store::CmekRotationRow>> status(Caller& caller, Uuid vault_id,
                                                                Uuid job_id);

  /// Works on every job that has its keys, to its end. A background task. `stopping` ends it
  /// between two versions.
  boost::asio::awaitable<void> run(const std::atomic<bool>& stopping);

 private:
  struct Job {
    Uuid org_id;
    Uuid vault_id;
    Uuid id;
    CmekKeys keys;
  };
  using SharedJob = std::shared_ptr<const Job>;

  Result<void> hold(SharedJob job);
  SharedJob next() const;
  [[nodiscard]] bool runs(const Uuid& job_id) const;
  void drop(const Uuid& job_id);
  /// What the client is told: a job without keys waits.
  store::CmekRotationRow as_seen(store::CmekRotationRow row) const;

  boost::asio::awaitable<Result<void>> run_job(const Job& job, const std::atomic<bool>& stopping);

  store::Store& store_;
  VaultKeys& keys_;
  AuditLog& audit_;
  const Outbox& outbox_;
  std::function<void()> wake_ = [] {};
  mutable std::mutex mutex_;
  std::unordered_map<Uuid, SharedJob> jobs_;  ///< those that have their keys
};

}  // namespace oneclaw::service

// The audit log: events into an org's hash chain, and out of it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "domain/audit_chain.h"
#include "service/outbox.h"
#include "store/audit_anchor_repository.h"
#include "store/store.h"

namespace oneclaw::service {

/// What happened. `details` must never hold a secret value, key, password or token.
struct AuditEntry {
  std::string action;  ///< "secret.read"
  std::string resource_type;
  std::string resource_id;
  boost::json::object details;
  /// Further members of the details, as JSON text (base/json_text.h), for what each request makes.
  std::string detail_members{};
};

struct AuditQuery {
  std::optional<std::string> resource_id;
  std::optional<std::string> actor_id;
  std::optional<std::string> action;
  std::optional<TimePoint> from;  ///< inclusive
  std::optional<TimePoint> to;    ///< exclusive
  std::int64_t limit = 100;
  std::int64_t offset = 0;
};

struct ChainReport {
  bool valid = false;
  std::int64_t verified = 0;  ///< events that fit, up to the first that doesn't
  std::int64_t checked = 0;   ///< events that were looked at
  std::optional<Uuid> broken_at;
  std::optional<store::AuditAnchor> anchor{};  ///< what older events have left, once they are gone
  domain::ChainHead last;                      ///< the last event that fits
  std::int64_t head_sequence = 0;              ///< of the chain's newest event
  bool complete = false;                       ///< up to the chain's head or the time asked for
};

/// Where a walk over a chain begins and ends.
struct ChainRange {
  std::optional<TimePoint> from{};               ///< inclusive
  std::optional<TimePoint> to{};                 ///< exclusive
  std::optional<std::int64_t> after_sequence{};  ///< goes on after that event, whatever `from` says
  std::int64_t limit = 1000;                     ///< of events
};

class AuditLog {
 public:
  AuditLog(store::Store& store, const Outbox& outbox) : store_(store), outbox_(outbox) {}

  /// Adds a success of `caller`'s to its org's chain, inside a write transaction; webhooks that ask
  /// for it are told (event_types.h). The caller of this sets `caller.audited` when the transaction
  /// is durable.
  void append(store::Transaction& transaction, const Caller& caller, AuditEntry entry) const;
  /// The same in a chain of the given org (a caller without a token has none).
  void append(store::Transaction& transaction, const Uuid& org_id, const Caller& caller,
              AuditEntry entry) const;

  /// Adds a refusal to the chain of an org, inside a write transaction that is kept all the same.
  void append_refusal(store::Transaction& transaction, const Uuid& org_id, const Caller& caller,
                      AuditEntry entry, int status) const;
  /// What the operator did, in the chain of an org (nil: the server's).
  void append_operator(store::Transaction& transaction, const Uuid& org_id, AuditEntry entry) const;

  /// What the server did by itself, on a schedule or to the end of a job.
  void append_system(store::Transaction& transaction, const Uuid& org_id, AuditEntry entry) const;

  /// A success that changed nothing else: durable when this returns, and `caller.audited` is set.
  boost::asio::awaitable<Result<void>> record(Caller& caller, AuditEntry entry);
  /// A refusal or a failure: `outcome` ("denied", "failed") and `status` go to the details.
  /// `org_id` is the caller's org, or the org of the account it tried, or nil (the server's chain).
  boost::asio::awaitable<Result<void>> record_refusal(Caller& caller, Uuid org_id, AuditEntry entry,
                                                      int status);

  boost::asio::awaitable<Result<std::vector<domain::AuditEvent>>> list(Caller& caller,
                                                                       AuditQuery query);
  /// Walks the chain from its beginning, or from the anchor that retention has left there; the
  /// event before the first one of a range is trusted. A walk that reaches the end also compares
  /// the last event with the chain's head, so that a tail that was cut off is found. 400 when the
  /// chain has no event `after_sequence`.
  boost::asio::awaitable<Result<ChainReport>> verify(Caller& caller, ChainRange range);

 private:
  store::Store& store_;
  const Outbox& outbox_;
};

}  // namespace oneclaw::service

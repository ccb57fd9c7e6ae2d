// What is on its way out: emails and webhook events, kept until they are delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct OutboxRow {
  Uuid id{};
  Uuid org_id{};
  std::string kind{};                ///< "email" or "webhook"
  std::string topic{};               ///< the email's kind, or the event's type
  std::optional<Uuid> webhook_id{};  ///< where an event goes
  std::int64_t attempts = 0;         ///< that have failed
  TimePoint next_attempt_at{};
  TimePoint created_at{};
  Bytes sealed{};
};

/// Methods throw Error.
class OutboxRepository {
 public:
  explicit OutboxRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert(const OutboxRow& row);
  struct DueRow {
    Uuid id{};
    std::optional<Uuid> webhook_id{};
  };
  /// The rows that are due, the longest first, at most `most`.
  std::vector<DueRow> due(TimePoint at, std::int64_t most);
  /// A row that is still to be delivered.
  std::optional<OutboxRow> find_pending(const Uuid& id);
  /// Delivered: nothing is kept of it.
  void remove(const Uuid& id);
  /// One more attempt has failed; the next is at `next`.
  void postpone(const Uuid& id, TimePoint next, std::string_view reason);
  /// Nothing more goes to that webhook before `until`.
  void hold(const Uuid& webhook_id, TimePoint until);
  /// Given up: the body is forgotten, the reason kept.
  void bury(const Uuid& id, std::string_view reason);
  /// Forgets what was given up before that.
  void purge_dead(TimePoint before);
  void remove_for_webhook(const Uuid& webhook_id);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

// Webhooks: where an org's events go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "store/paging.h"
#include "store/store.h"

namespace oneclaw::store {

struct WebhookRow {
  Uuid id{};
  Uuid org_id{};
  std::string url{};
  std::vector<std::string> events{};  ///< types, `secret.*` or `*`
  std::string description{};
  bool is_active = true;
  Bytes secret_sealed{};  ///< the signing secret, under service::FieldSeal
  Uuid created_by{};
  TimePoint created_at{};
  TimePoint updated_at{};
  std::optional<TimePoint> last_success_at{};  ///< of a delivery
  std::optional<TimePoint> last_failure_at{};
  std::optional<std::string> last_failure{};  ///< why that one failed
};

/// Methods throw Error.
class WebhookRepository {
 public:
  explicit WebhookRepository(Transaction& transaction) : connection_(transaction.connection()) {}

  void insert(const WebhookRow& webhook);
  std::optional<WebhookRow> find(const Uuid& org_id, const Uuid& id);
  std::vector<WebhookRow> list(const Uuid& org_id, std::int64_t limit = kNoLimit);
  /// The org's active ones.
  std::vector<WebhookRow> active(const Uuid& org_id);
  std::int64_t count(const Uuid& org_id);
  /// Stores url, events, description, is_active and updated_at.
  void update(const WebhookRow& webhook);
  void note_success(const Uuid& id, TimePoint at);
  void note_failure(const Uuid& id, TimePoint at, std::string_view reason);
  bool remove(const Uuid& org_id, const Uuid& id);

 private:
  Connection& connection_;
};

}  // namespace oneclaw::store

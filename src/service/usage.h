// Usage: how often each principal did what in a month, counted from the audit chain, so that a
// request pays nothing for it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/audit_chain.h"
#include "store/store.h"
#include "store/usage_repository.h"

namespace oneclaw::service {

class Usage {
 public:
  explicit Usage(store::Store& store) : store_(store) {}

  /// Adds what each org's chain holds past its cursor to the counts, and moves the cursor in the
  /// same transaction: no event is counted twice or passed over. A background task.
  boost::asio::awaitable<void> roll_up();

  /// The counts of a month, exact at this moment: what was rolled up, and the events since.
  static std::vector<store::UsageCount> of_month(store::Transaction& transaction,
                                                 const Uuid& org_id, std::int64_t month);
  static std::int64_t total(const std::vector<store::UsageCount>& counts);

  /// Whether an event is a request of a person or an agent that was let through: those that a
  /// quota or a rate refused (402, 429) are not counted.
  static bool counts(std::string_view actor_type, std::string_view details_json);

 private:
  store::Store& store_;
};

}  // namespace oneclaw::service

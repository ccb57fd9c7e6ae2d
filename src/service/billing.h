// Use cases of billing: usage, history, the tier, the credits ledger. No payment provider.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "service/audit_log.h"
#include "service/quotas.h"
#include "store/store.h"
#include "store/usage_repository.h"

namespace oneclaw::service {

struct UsageReport {
  std::optional<domain::Tier> tier;
  std::optional<std::int64_t> request_limit;
  std::int64_t month = 0;
  std::vector<store::UsageCount> counts;
};

struct Meter {
  domain::Metered what = domain::Metered::kRequests;
  std::int64_t used = 0;
  std::optional<std::int64_t> limit;
};

struct Subscription {
  std::optional<domain::Tier> tier;
  TimePoint period_end{};
  std::int64_t balance_cents = 0;
  std::string overage_method;
  std::vector<Meter> meters;
};

/// For the org's owners and admins alone: 403 to others.
class Billing {
 public:
  Billing(store::Store& store, AuditLog& audit, const Quotas& quotas)
      : store_(store), audit_(audit), quotas_(quotas) {}

  /// Of this calendar month (UTC), exact at this moment.
  boost::asio::awaitable<Result<UsageReport>> usage(Caller& caller);
  /// The requests of the org's principals, newest first.
  boost::asio::awaitable<Result<std::vector<domain::AuditEvent>>> history(Caller& caller,
                                                                          std::int64_t limit);
  boost::asio::awaitable<Result<Subscription>> subscription(Caller& caller);
  boost::asio::awaitable<Result<std::int64_t>> balance(Caller& caller);
  /// Newest first; pages count from 1.
  boost::asio::awaitable<Result<std::vector<store::CreditRow>>> transactions(Caller& caller,
                                                                             std::int64_t page,
                                                                             std::int64_t limit);
  /// How requests over the tier's limit are paid: "credits", or "none": they are refused.
  boost::asio::awaitable<Result<std::string>> set_overage(Caller& caller, std::string method);

 private:
  boost::asio::awaitable<Result<void>> record(Caller& caller, std::string action);

  store::Store& store_;
  AuditLog& audit_;
  const Quotas& quotas_;
};

}  // namespace oneclaw::service

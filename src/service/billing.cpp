#include "service/billing.h"

#include <utility>

#include "service/usage.h"
#include "store/audit_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPage = 1000;

Result<void> require_admin(const Caller& caller) {
  if (caller.principal.is_org_admin()) return {};
  return problems::forbidden("Only the org's owners and admins may see its usage and billing.");
}

}  // namespace

asio::awaitable<Result<void>> Billing::record(Caller& caller, std::string action) {
  AuditEntry entry{
      .action = std::move(action), .resource_type = "billing", .resource_id = {}, .details = {}};
  co_return co_await audit_.record(caller, std::move(entry));
}

asio::awaitable<Result<UsageReport>> Billing::usage(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const Uuid& org_id = caller.principal.org_id;
  const auto read = [&](store::Transaction& transaction) -> Result<UsageReport> {
    UsageReport report;
    report.tier = quotas_.tier_of(org_id);
    report.request_limit = quotas_.limits_of(org_id).of(domain::Metered::kRequests);
    report.month = domain::month_of(now());
    report.counts = Usage::of_month(transaction, org_id, report.month);
    return report;
  };
  CO_TRY(UsageReport report, co_await store_.read(read));
  CO_CHECK_OK(co_await record(caller, "billing.usage"));
  co_return std::move(report);
}

asio::awaitable<Result<std::vector<domain::AuditEvent>>> Billing::history(Caller& caller,
                                                                          std::int64_t limit) {
  CO_CHECK_OK(require_admin(caller));
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<domain::AuditEvent>> {
    store::AuditRepository audit(transaction);
    std::vector<domain::AuditEvent> events;
    for (std::int64_t offset = 0;; offset += kPage) {
      auto page = audit.list(caller.principal.org_id, {}, kPage, offset);
      for (domain::AuditEvent& event : page) {
        if (!Usage::counts(event.actor_type, event.details_json)) continue;
        events.push_back(std::move(event));
        if (events.size() == static_cast<std::size_t>(limit)) return events;
      }
      if (page.size() < static_cast<std::size_t>(kPage)) return events;
    }
  };
  CO_TRY(auto events, co_await store_.read(read));
  CO_CHECK_OK(co_await record(caller, "billing.history"));
  co_return std::move(events);
}

asio::awaitable<Result<Subscription>> Billing::subscription(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const Uuid& org_id = caller.principal.org_id;
  const auto read = [&](store::Transaction& transaction) -> Result<Subscription> {
    store::CreditRepository credits(transaction);
    const std::int64_t month = domain::month_of(now());
    const store::OrgBillingRow billing = credits.billing(org_id);
    const domain::TierLimits limits = quotas_.limits_of(org_id);
    Subscription subscription{.tier = quotas_.tier_of(org_id),
                              .period_end = domain::month_start(month + 1),
                              .balance_cents = credits.balance(org_id),
                              .overage_method = billing.overage_method,
                              .meters = {}};
    for (const domain::Metered what : domain::kMetered) {
      Meter meter{.what = what, .used = 0, .limit = limits.of(what)};
      if (what == domain::Metered::kRequests) {
        meter.used = Usage::total(Usage::of_month(transaction, org_id, month));
        if (meter.limit && billing.overage_month == month) *meter.limit += billing.overage_requests;
      } else {
        meter.used = Quotas::count(transaction, org_id, what);
      }
      subscription.meters.push_back(meter);
    }
    return subscription;
  };
  CO_TRY(Subscription subscription, co_await store_.read(read));
  CO_CHECK_OK(co_await record(caller, "billing.subscription"));
  co_return std::move(subscription);
}

asio::awaitable<Result<std::int64_t>> Billing::balance(Caller& caller) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<std::int64_t> {
    return store::CreditRepository(transaction).balance(caller.principal.org_id);
  };
  CO_TRY(const std::int64_t cents, co_await store_.read(read));
  CO_CHECK_OK(co_await record(caller, "billing.balance"));
  co_return cents;
}

asio::awaitable<Result<std::vector<store::CreditRow>>> Billing::transactions(Caller& caller,
                                                                             std::int64_t page,
                                                                             std::int64_t limit) {
  CO_CHECK_OK(require_admin(caller));
  const auto read = [&](store::Transaction& transaction) -> Result<std::vector<store::CreditRow>> {
    return store::CreditRepository(transaction)
        .list(caller.principal.org_id, limit, (page - 1) * limit);
  };
  CO_TRY(auto rows, co_await store_.read(read));
  CO_CHECK_OK(co_await record(caller, "billing.transactions"));
  co_return std::move(rows);
}

asio::awaitable<Result<std::string>> Billing::set_overage(Caller& caller, std::string method) {
  CO_CHECK_OK(require_admin(caller));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::CreditRepository credits(transaction);
    store::OrgBillingRow billing = credits.billing(caller.principal.org_id);
    billing.overage_method = method;
    credits.put_billing(billing);
    AuditEntry entry{
        .action = "billing.overage", .resource_type = "billing", .resource_id = {}, .details = {}};
    entry.details["method"] = method;
    audit_.append(transaction, caller, std::move(entry));
    return {};
  };
  CO_CHECK_OK(co_await store_.write(write));
  caller.audited = true;
  co_return std::move(method);
}

}  // namespace oneclaw::service

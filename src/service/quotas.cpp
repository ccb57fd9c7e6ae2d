#include "service/quotas.h"

#include <spdlog/spdlog.h>

#include "service/usage.h"
#include "store/usage_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

std::optional<domain::Tier> Quotas::tier_of(const Uuid& org_id) const {
  const auto own = options_.orgs.find(org_id);
  return own == options_.orgs.end() ? options_.tier : std::optional(own->second);
}

domain::TierLimits Quotas::limits_of(const Uuid& org_id) const {
  const auto tier = tier_of(org_id);
  return tier ? options_.limits.at(static_cast<std::size_t>(*tier)) : domain::TierLimits{};
}

std::int64_t Quotas::count(store::Transaction& transaction, const Uuid& org_id,
                           domain::Metered what) {
  store::UsageRepository usage(transaction);
  switch (what) {
    case domain::Metered::kVaults:
      return usage.vaults(org_id);
    case domain::Metered::kSecrets:
      return usage.secrets(org_id);
    case domain::Metered::kAgents:
      return usage.agents(org_id);
    case domain::Metered::kTeamMembers:
      return usage.members(org_id);
    case domain::Metered::kShares:
      return usage.shares(org_id, now());
    case domain::Metered::kRequests:
      break;
  }
  return 0;
}

Result<void> Quotas::check_room(store::Transaction& transaction, const Uuid& org_id,
                                domain::Metered what) const {
  const auto tier = tier_of(org_id);
  if (!tier) return {};
  const auto limit = limits_of(org_id).of(what);
  if (!limit) return {};
  return domain::check_quota(what, *tier, count(transaction, org_id, what), limit);
}

std::optional<RequestQuota> Quotas::try_take(const Uuid& org_id, std::int64_t month,
                                             std::int64_t& bought) {
  const std::lock_guard lock(mutex_);
  const auto found = months_.find(org_id);
  if (found == months_.end() || found->second.month != month) return std::nullopt;
  Month& state = found->second;
  bought = state.bought;
  RequestQuota quota{.admitted = true,
                     .tier = tier_of(org_id).value_or(domain::Tier::kFree),
                     .used = state.used,
                     .limit = limits_of(org_id).of(domain::Metered::kRequests),
                     .resets_at = domain::month_start(month + 1)};
  if (quota.limit) *quota.limit += state.bought;
  quota.admitted = !quota.limit || state.used < *quota.limit;
  if (quota.admitted) quota.used = ++state.used;
  return quota;
}

asio::awaitable<Result<RequestQuota>> Quotas::take(Uuid org_id) {
  if (!tier_of(org_id)) co_return RequestQuota{};
  const std::int64_t month = domain::month_of(now());
  for (;;) {
    std::int64_t bought = 0;
    auto quota = try_take(org_id, month, bought);
    if (!quota) {
      CO_CHECK_OK(co_await load(org_id, month));
      continue;
    }
    if (quota->admitted) co_return *quota;
    CO_TRY(const bool more, co_await buy(org_id, month, bought));
    if (!more) co_return *quota;
  }
}

void Quotas::give_back(const Uuid& org_id) {
  const std::lock_guard lock(mutex_);
  const auto found = months_.find(org_id);
  if (found != months_.end() && found->second.used > 0) --found->second.used;
}

asio::awaitable<Result<void>> Quotas::load(Uuid org_id, std::int64_t month) {
  const auto read = [&](store::Transaction& transaction) -> Result<Month> {
    const store::OrgBillingRow billing = store::CreditRepository(transaction).billing(org_id);
    return Month{.month = month,
                 .used = Usage::total(Usage::of_month(transaction, org_id, month)),
                 .bought = billing.overage_month == month ? billing.overage_requests : 0};
  };
  CO_TRY(const Month state, co_await store_.read(read));
  const std::lock_guard lock(mutex_);
  Month& held = months_[org_id];
  // Whoever was first counts: requests were taken from it since.
  if (held.month != month) held = state;
  co_return Result<void>();
}

asio::awaitable<Result<bool>> Quotas::buy(Uuid org_id, std::int64_t month, std::int64_t bought) {
  // Gives how much is bought by now, or nothing when it can't be paid for.
  const auto write = [&](store::Transaction& transaction) -> Result<std::optional<std::int64_t>> {
    store::CreditRepository credits(transaction);
    store::OrgBillingRow billing = credits.billing(org_id);
    if (billing.overage_month != month) {
      billing.overage_month = month;
      billing.overage_requests = 0;
    }
    if (billing.overage_requests > bought) return std::optional(billing.overage_requests);
    if (billing.overage_method != "credits") return std::optional<std::int64_t>();
    store::CreditRow entry{
        .org_id = org_id,
        .id = Uuid::v7(),
        .type = "usage",
        .amount_cents = -options_.overage_cents,
        .description = std::to_string(kOverageBlock) + " requests over the tier's limit",
        .created_at = now()};
    if (!credits.append(entry)) return std::optional<std::int64_t>();
    billing.overage_requests += kOverageBlock;
    credits.put_billing(billing);
    return std::optional(billing.overage_requests);
  };
  CO_TRY(const auto total, co_await store_.write(org_id, write));
  if (!total) co_return false;
  const std::lock_guard lock(mutex_);
  Month& state = months_[org_id];
  if (state.month == month && state.bought < *total) state.bought = *total;
  co_return true;
}

asio::awaitable<Result<void>> Quotas::grant_credits() {
  for (const CreditGrant& grant : options_.grants) {
    const auto write = [&](store::Transaction& transaction) -> Result<bool> {
      store::CreditRepository credits(transaction);
      if (!credits.has_org(grant.org_id)) return false;
      if (credits.has_reference(grant.org_id, grant.reference)) return true;
      store::CreditRow entry{.org_id = grant.org_id,
                             .id = Uuid::v7(),
                             .type = "grant",
                             .amount_cents = grant.amount_cents,
                             .description = grant.description,
                             .reference = grant.reference,
                             .created_at = now()};
      credits.append(entry);
      return true;
    };
    CO_TRY(const bool known, co_await store_.write(write));
    if (!known) spdlog::warn("billing.credits names an org that there is not");
  }
  co_return Result<void>();
}

}  // namespace oneclaw::service

// Quotas: what an org's tier lets it do. Off unless the operator sets a tier.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "domain/quotas.h"
#include "store/store.h"

namespace oneclaw::service {

/// Credits that the operator gives an org, once for each reference.
struct CreditGrant {
  Uuid org_id{};
  std::string reference;
  std::int64_t amount_cents = 0;
  std::string description;
};

struct QuotaOptions {
  std::optional<domain::Tier> tier;   ///< of every org that has none of its own; nullopt: off
  std::map<Uuid, domain::Tier> orgs;  ///< tiers of single orgs
  std::array<domain::TierLimits, domain::kTiers.size()> limits{
      domain::default_limits(domain::Tier::kFree), domain::default_limits(domain::Tier::kPro),
      domain::default_limits(domain::Tier::kBusiness),
      domain::default_limits(domain::Tier::kEnterprise)};
  std::int64_t overage_cents = 100;  ///< for each kOverageBlock requests over the limit
  std::vector<CreditGrant> grants;
};

inline constexpr std::int64_t kOverageBlock = 1000;

/// Where an org stands in a month.
struct RequestQuota {
  bool admitted = true;
  domain::Tier tier = domain::Tier::kFree;
  std::int64_t used = 0;
  std::optional<std::int64_t> limit;  ///< with what was bought over the tier's own
  TimePoint resets_at{};
};

class Quotas {
 public:
  Quotas(store::Store& store, QuotaOptions options) : store_(store), options_(std::move(options)) {}

  [[nodiscard]] bool is_on() const { return options_.tier || !options_.orgs.empty(); }
  /// nullopt: no limits.
  [[nodiscard]] std::optional<domain::Tier> tier_of(const Uuid& org_id) const;
  [[nodiscard]] domain::TierLimits limits_of(const Uuid& org_id) const;
  [[nodiscard]] const QuotaOptions& options() const { return options_; }

  /// 402 when the org may have no more of `what`. Inside the write transaction that adds one, so
  /// that two at once can't both take the last place. Not for requests.
  Result<void> check_room(store::Transaction& transaction, const Uuid& org_id,
                          domain::Metered what) const;
  /// How many the org has of `what`.
  static std::int64_t count(store::Transaction& transaction, const Uuid& org_id,
                            domain::Metered what);

  /// Takes one request of the org's month, exactly: of many at once none goes over the limit. When
  /// it is used up and the org pays with credits, buys the next block.
  boost::asio::awaitable<Result<RequestQuota>> take(Uuid org_id);
  /// Gives one back: the request came to nothing that is counted.
  void give_back(const Uuid& org_id);

  /// Writes the grants that the ledger doesn't have yet. Call it at the start.
  boost::asio::awaitable<Result<void>> grant_credits();

 private:
  struct Month {
    std::int64_t month = 0;
    std::int64_t used = 0;
    std::int64_t bought = 0;
  };

  boost::asio::awaitable<Result<void>> load(Uuid org_id, std::int64_t month);
  boost::asio::awaitable<Result<bool>> buy(Uuid org_id, std::int64_t month, std::int64_t bought);
  /// Takes one from the org's month, when it is loaded; else nullopt.
  std::optional<RequestQuota> try_take(const Uuid& org_id, std::int64_t month,
                                       std::int64_t& bought);

  store::Store& store_;
  QuotaOptions options_;
  std::mutex mutex_;
  std::unordered_map<Uuid, Month> months_;
};

}  // namespace oneclaw::service

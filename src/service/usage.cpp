#include "service/usage.h"

#include <spdlog/spdlog.h>

#include <boost/json/parse.hpp>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "domain/quotas.h"
#include "store/audit_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPage = 1000;
constexpr std::int64_t kOrgsAtOnce = 100;

/// Counts by month, principal and action.
class Tally {
 public:
  void add(const domain::AuditEvent& event) {
    if (!Usage::counts(event)) return;
    ++counts_[{domain::month_of(event.created_at), event.actor_type, event.actor_id, event.action}];
  }
  void add(const store::UsageCount& count) {
    counts_[{count.month, count.principal_type, count.principal_id, count.action}] += count.count;
  }
  [[nodiscard]] std::vector<store::UsageCount> list() const {
    std::vector<store::UsageCount> list;
    for (const auto& [key, count] : counts_) {
      const auto& [month, type, id, action] = key;
      list.push_back({month, type, id, action, count});
    }
    return list;
  }

 private:
  std::map<std::tuple<std::int64_t, std::string, std::string, std::string>, std::int64_t> counts_;
};

}  // namespace

bool Usage::counts(const domain::AuditEvent& event) {
  if (event.actor_type != "user" && event.actor_type != "agent") return false;
  boost::system::error_code error;
  const auto details = boost::json::parse(event.details_json, error);
  if (error || !details.is_object()) return true;
  const auto* status = details.get_object().if_contains("status");
  return status == nullptr || (*status != 402 && *status != 429);
}

std::int64_t Usage::total(const std::vector<store::UsageCount>& counts) {
  std::int64_t sum = 0;
  for (const store::UsageCount& count : counts) sum += count.count;
  return sum;
}

std::vector<store::UsageCount> Usage::of_month(store::Transaction& transaction, const Uuid& org_id,
                                               std::int64_t month) {
  store::UsageRepository usage(transaction);
  store::AuditRepository audit(transaction);
  Tally tally;
  for (const store::UsageCount& count : usage.counts(org_id, month)) tally.add(count);
  std::int64_t after = usage.cursor(org_id);
  for (;;) {
    const auto events = audit.walk(org_id, after, kPage);
    if (events.empty()) break;
    for (const domain::AuditEvent& event : events) {
      if (domain::month_of(event.created_at) == month) tally.add(event);
    }
    after = events.back().sequence;
  }
  return tally.list();
}

asio::awaitable<void> Usage::roll_up() {
  const auto look =
      [](store::Transaction& transaction) -> Result<std::vector<store::UsageBacklog>> {
    return store::UsageRepository(transaction).backlogs(kOrgsAtOnce);
  };
  for (;;) {
    const auto backlogs = co_await store_.read(look);
    if (!backlogs.ok() || backlogs->empty()) co_return;
    for (const store::UsageBacklog& backlog : *backlogs) {
      std::vector<domain::AuditEvent> events;
      const auto read = [&](store::Transaction& transaction) -> Result<void> {
        events = store::AuditRepository(transaction).walk(backlog.org_id, backlog.counted, kPage);
        return {};
      };
      if (const Result<void> done = co_await store_.read(read); !done.ok()) co_return;
      if (events.empty()) continue;
      Tally tally;
      for (const domain::AuditEvent& event : events) tally.add(event);
      const auto counts = tally.list();
      const auto write = [&](store::Transaction& transaction) -> Result<void> {
        store::UsageRepository usage(transaction);
        if (usage.cursor(backlog.org_id) != backlog.counted) return {};  // counted by another
        for (const store::UsageCount& count : counts) usage.add(backlog.org_id, count);
        usage.set_cursor(backlog.org_id, events.back().sequence);
        return {};
      };
      if (const Result<void> done = co_await store_.write(backlog.org_id, write); !done.ok()) {
        spdlog::error("the usage roll-up failed code={}", done.problem().code);
        co_return;
      }
    }
  }
}

}  // namespace oneclaw::service

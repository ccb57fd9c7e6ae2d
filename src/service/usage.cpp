#include "service/usage.h"

#include <spdlog/spdlog.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "domain/quotas.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPage = 2000;
constexpr std::int64_t kOrgsAtOnce = 100;

/// Counts by month, principal and action.
class Tally {
 public:
  void add(const store::EventView& event) {
    if (!Usage::counts(event.actor_type, event.details)) return;
    const Key<std::string_view> key{domain::month_of(event.created_at), event.actor_type,
                                    event.actor_id, event.action};
    // Events of one principal come in runs.
    if (last_ == counts_.end() || last_->first != key) {
      last_ = counts_.find(key);
      if (last_ == counts_.end()) last_ = counts_.emplace(key, 0).first;
    }
    ++last_->second;
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
  template <class Text>
  using Key = std::tuple<std::int64_t, Text, Text, Text>;
  using Counts = std::map<Key<std::string>, std::int64_t, std::less<>>;

  Counts counts_;
  Counts::iterator last_ = counts_.end();
};

}  // namespace

bool Usage::counts(std::string_view actor_type, std::string_view details_json) {
  if (actor_type != "user" && actor_type != "agent") return false;
  constexpr std::string_view kMember = R"("status":)";
  // As AuditLog writes it, behind a use case's own details; within a member's text the quotes would
  // be escaped.
  const std::size_t status = details_json.rfind(kMember);
  if (status == std::string_view::npos) return true;
  const std::string_view code = details_json.substr(status + kMember.size(), 3);
  return code != "402" && code != "429";
}

std::int64_t Usage::total(const std::vector<store::UsageCount>& counts) {
  std::int64_t sum = 0;
  for (const store::UsageCount& count : counts) sum += count.count;
  return sum;
}

std::vector<store::UsageCount> Usage::of_month(store::Transaction& transaction, const Uuid& org_id,
                                               std::int64_t month) {
  store::UsageRepository usage(transaction);
  Tally tally;
  for (const store::UsageCount& count : usage.counts(org_id, month)) tally.add(count);
  std::int64_t after = usage.cursor(org_id);
  for (;;) {
    const std::int64_t last = usage.scan(org_id, after, kPage, [&](const store::EventView& event) {
      if (domain::month_of(event.created_at) == month) tally.add(event);
    });
    if (last == after) break;
    after = last;
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
      Tally tally;
      std::int64_t last = backlog.counted;
      const auto read = [&](store::Transaction& transaction) -> Result<void> {
        last = store::UsageRepository(transaction)
                   .scan(backlog.org_id, backlog.counted, kPage,
                         [&](const store::EventView& event) { tally.add(event); });
        return {};
      };
      if (const Result<void> done = co_await store_.read(read); !done.ok()) co_return;
      if (last == backlog.counted) continue;
      const auto counts = tally.list();
      const auto write = [&](store::Transaction& transaction) -> Result<void> {
        store::UsageRepository usage(transaction);
        if (usage.cursor(backlog.org_id) != backlog.counted) return {};  // counted by another
        for (const store::UsageCount& count : counts) usage.add(backlog.org_id, count);
        usage.set_cursor(backlog.org_id, last);
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

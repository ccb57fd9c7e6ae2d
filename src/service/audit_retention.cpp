#include "service/audit_retention.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/audit_anchor_repository.h"
#include "store/audit_repository.h"
#include "store/usage_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

/// The sequence up to which an org's events may go.
std::int64_t last_removable(store::Transaction& transaction, const Uuid& org_id, TimePoint before) {
  store::AuditRepository events(transaction);
  const std::int64_t newest = events.head(org_id).sequence;
  const auto kept = events.first_at_or_after(org_id, before);
  return std::min(
      {kept.value_or(newest) - 1, newest - 1, store::UsageRepository(transaction).cursor(org_id)});
}

Problem broken(const Uuid& org_id, const Uuid& event_id) {
  return problems::conflict("The audit chain of org " + org_id.to_string() +
                            " does not verify at event " + event_id.to_string() +
                            ": nothing more was removed.");
}

/// Removes the events after the chain's anchor up to `last`, at most `most`, which must verify.
Result<std::int64_t> remove_stretch(store::Transaction& transaction, const Uuid& org_id,
                                    std::int64_t last, std::int64_t most) {
  store::AuditAnchorRepository anchors(transaction);
  const auto anchor = anchors.find(org_id);
  if (anchor && !anchor->is_genuine) return broken(org_id, anchor->event_id);
  const domain::ChainHead start = anchor ? anchor->head() : domain::ChainHead{};
  if (last <= start.sequence) return std::int64_t{0};
  domain::ChainVerifier verifier(start);
  for (const auto& event :
       store::AuditRepository(transaction)
           .walk(org_id, start.sequence, std::min(most, last - start.sequence))) {
    if (!verifier.accept(event)) return broken(org_id, event.id);
  }
  if (verifier.verified() == 0) return std::int64_t{0};
  const domain::ChainHead& end = verifier.head();
  anchors.remove_through({.org_id = org_id,
                          .sequence = end.sequence,
                          .event_id = *end.event_id,
                          .hash = end.hash,
                          .until = end.created_at,
                          .removed_at = now()});
  return verifier.verified();
}

}  // namespace

asio::awaitable<Result<std::int64_t>> AuditRetention::remove_of(Uuid org_id, TimePoint before) {
  const auto look = [&](store::Transaction& transaction) -> Result<std::int64_t> {
    const auto anchor = store::AuditAnchorRepository(transaction).find(org_id);
    if (anchor && !anchor->is_genuine) return broken(org_id, anchor->event_id);
    const std::int64_t last = last_removable(transaction, org_id, before);
    return last > (anchor ? anchor->sequence : 0) ? last : 0;
  };
  CO_TRY(const std::int64_t last, co_await store_.read(look));
  if (last == 0) co_return 0;
  std::int64_t removed = 0;
  for (std::int64_t batch = 1; batch > 0; removed += batch) {
    const auto write = [&](store::Transaction& transaction) -> Result<std::int64_t> {
      TRY(const std::int64_t count, remove_stretch(transaction, org_id, last, kBatch));
      if (removed == 0 && count > 0) {
        AuditEntry entry{.action = "audit.retention",
                         .resource_type = "audit",
                         .resource_id = {},
                         .details = {}};
        entry.details["before"] = to_rfc3339(before);
        entry.details["through_sequence"] = last;
        audit_.append_operator(transaction, org_id, std::move(entry));
      }
      return count;
    };
    CO_TRY(batch, co_await store_.write(org_id, write));
  }
  co_return removed;
}

asio::awaitable<Result<RetentionReport>> AuditRetention::remove_older(std::chrono::days age,
                                                                      std::optional<Uuid> org_id) {
  if (age < kLeastAge) co_return problems::validation("days", "must be 35 or more");
  const auto list = [](store::Transaction& transaction) -> Result<std::vector<Uuid>> {
    return store::AuditAnchorRepository(transaction).chains();
  };
  CO_TRY(std::vector<Uuid> chains, co_await store_.read(list));
  if (org_id) {
    if (!std::ranges::binary_search(chains, *org_id)) {
      co_return problems::not_found("No org with that id has an audit log.");
    }
    chains = {*org_id};
  }
  const TimePoint before = now() - age;
  RetentionReport report;
  for (const Uuid& chain : chains) {
    CO_TRY(const std::int64_t removed, co_await remove_of(chain, before));
    report.removed += removed;
    ++report.chains;
  }
  co_return report;
}

}  // namespace oneclaw::service

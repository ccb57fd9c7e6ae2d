#include "service/audit_log.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "base/json_text.h"
#include "service/event_types.h"
#include "store/audit_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kWalkPage = 1000;

struct Outcome {
  std::string_view name;
  int status = 0;  ///< 0: none is told
};
constexpr Outcome kSuccess{"success"};
Outcome refusal(int status) {
  return {status >= 500 ? "failed" : "denied", status};
}

/// The details with what all have.
std::string details_json(const Caller& caller, const AuditEntry& entry, const Outcome& outcome) {
  std::string text;
  text.reserve(entry.detail_members.size() + caller.request_id.size() + 80);
  text = "{";
  if (!entry.details.empty()) {
    text = boost::json::serialize(entry.details);
    text.back() = ',';
  }
  text += entry.detail_members;
  if (!entry.detail_members.empty()) text += ',';
  JsonMembers members(text);
  members.text("outcome", outcome.name);
  if (outcome.status != 0) members.number("status", outcome.status);
  members.text("request_id", caller.request_id);
  text += '}';
  return text;
}

domain::AuditEvent to_event(const Uuid& org_id, const Caller& caller, AuditEntry entry,
                            const Outcome& outcome) {
  const Principal& principal = caller.principal;
  const bool known = principal.type != PrincipalType::kNone;
  return {.id = Uuid::v7(),
          .org_id = org_id,
          .sequence = 0,
          .action = std::move(entry.action),
          .actor_type = known ? std::string(to_string(principal.type)) : "anonymous",
          .actor_id = known ? principal.id.to_string() : std::string(),
          .resource_type = std::move(entry.resource_type),
          .resource_id = std::move(entry.resource_id),
          .details_json = details_json(caller, entry, outcome),
          .ip_address = caller.address.to_string(),
          .created_at = now(),
          .prev_event_id = std::nullopt,
          .integrity_hash = {}};
}

/// What a webhook is told: ids, and the details, which never hold a secret.
boost::json::object to_event_data(const Caller& caller, const AuditEntry& entry) {
  boost::json::object data;
  data["resource_type"] = entry.resource_type;
  data["resource_id"] = entry.resource_id;
  data["actor"] = caller.principal.type == PrincipalType::kNone ? std::string("anonymous")
                                                                : caller.principal.subject();
  data["details"] = entry.details;
  return data;
}

/// Links the event to its chain and stores it. May be run again.
Result<void> append_event(store::Transaction& transaction, domain::AuditEvent& event) {
  store::AuditRepository repository(transaction);
  domain::ChainHead head = repository.head(event.org_id);
  domain::link(head, event);
  repository.append(event);
  return {};
}

}  // namespace

void AuditLog::append(store::Transaction& transaction, const Caller& caller,
                      AuditEntry entry) const {
  append(transaction, caller.principal.org_id, caller, std::move(entry));
}

void AuditLog::append(store::Transaction& transaction, const Uuid& org_id, const Caller& caller,
                      AuditEntry entry) const {
  if (const auto type = event_type_of(entry)) {
    outbox_.enqueue_event(transaction, org_id, *type, to_event_data(caller, entry));
  }
  domain::AuditEvent event = to_event(org_id, caller, std::move(entry), kSuccess);
  (void)append_event(transaction, event);
}

void AuditLog::append_refusal(store::Transaction& transaction, const Uuid& org_id,
                              const Caller& caller, AuditEntry entry, int status) const {
  domain::AuditEvent event = to_event(org_id, caller, std::move(entry), refusal(status));
  (void)append_event(transaction, event);
}

void AuditLog::append_system(store::Transaction& transaction, const Uuid& org_id,
                             AuditEntry entry) const {
  domain::AuditEvent event = to_event(org_id, Caller{}, std::move(entry), kSuccess);
  event.actor_type = "system";
  event.ip_address.clear();
  (void)append_event(transaction, event);
}

void AuditLog::append_operator(store::Transaction& transaction, const Uuid& org_id,
                               AuditEntry entry) const {
  domain::AuditEvent event = to_event(org_id, Caller{}, std::move(entry), kSuccess);
  event.actor_type = "operator";
  event.ip_address.clear();
  (void)append_event(transaction, event);
}

asio::awaitable<Result<void>> AuditLog::record(Caller& caller, AuditEntry entry) {
  // All but the link is made here: the writer is one thread.
  domain::AuditEvent event = to_event(caller.principal.org_id, caller, std::move(entry), kSuccess);
  const auto write = [&](store::Transaction& transaction) {
    return append_event(transaction, event);
  };
  CO_CHECK_OK(co_await store_.write(caller.principal.org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> AuditLog::record_refusal(Caller& caller, Uuid org_id,
                                                       AuditEntry entry, int status) {
  domain::AuditEvent event = to_event(org_id, caller, std::move(entry), refusal(status));
  const auto write = [&](store::Transaction& transaction) {
    return append_event(transaction, event);
  };
  CO_CHECK_OK(co_await store_.write(org_id, write));
  caller.audited = true;
  co_return Result<void>();
}

asio::awaitable<Result<std::vector<domain::AuditEvent>>> AuditLog::list(Caller& caller,
                                                                        AuditQuery query) {
  const auto read =
      [&](store::Transaction& transaction) -> Result<std::vector<domain::AuditEvent>> {
    const store::AuditFilter filter{.resource_id = query.resource_id,
                                    .actor_id = query.actor_id,
                                    .action = query.action,
                                    .from = query.from,
                                    .to = query.to};
    return store::AuditRepository(transaction)
        .list(caller.principal.org_id, filter, query.limit, query.offset);
  };
  CO_TRY(auto events, co_await store_.read_behind(caller.principal.org_id, read));
  AuditEntry entry{
      .action = "audit.list", .resource_type = "audit", .resource_id = {}, .details = {}};
  CO_CHECK_OK(co_await record(caller, std::move(entry)));
  co_return std::move(events);
}

namespace {

/// The event after which the walk begins; `first` is the one that all of the chain's come after.
Result<domain::ChainHead> start_of(store::AuditRepository& repository, const Uuid& org_id,
                                   const ChainRange& range, const domain::ChainHead& first) {
  std::int64_t sequence = range.after_sequence.value_or(0);
  if (range.from && !range.after_sequence) {
    const auto found = repository.first_at_or_after(org_id, *range.from);
    sequence = found ? *found - 1 : repository.head(org_id).sequence;
  }
  if (sequence == first.sequence || (sequence < first.sequence && !range.after_sequence)) {
    return first;
  }
  const auto found = repository.walk(org_id, sequence - 1, 1);
  if (!found.empty() && found.front().sequence == sequence) {
    return domain::ChainHead{sequence, found.front().id, found.front().integrity_hash};
  }
  if (range.after_sequence) {
    return problems::validation("after_sequence", "is not that of an event");
  }
  return first;  // the event is missing: the walk is to find that
}

}  // namespace

asio::awaitable<Result<ChainReport>> AuditLog::verify(Caller& caller, ChainRange range) {
  const auto read = [&](store::Transaction& transaction) -> Result<ChainReport> {
    store::AuditRepository repository(transaction);
    const Uuid& org_id = caller.principal.org_id;
    ChainReport report;
    report.anchor = store::AuditAnchorRepository(transaction).find(org_id);
    if (report.anchor && !report.anchor->is_genuine) {
      report.broken_at = report.anchor->event_id;
      return report;
    }
    const domain::ChainHead first = report.anchor ? report.anchor->head() : domain::ChainHead{};
    TRY(const domain::ChainHead start, start_of(repository, org_id, range, first));
    domain::ChainVerifier verifier(start);
    bool at_end = false;
    bool at_time = false;
    while (report.checked < range.limit && verifier.valid() && !at_end && !at_time) {
      const auto page = repository.walk(org_id, start.sequence + report.checked,
                                        std::min(kWalkPage, range.limit - report.checked));
      at_end = page.empty();
      for (const domain::AuditEvent& event : page) {
        at_time = range.to && event.created_at >= *range.to;
        if (at_time) break;
        ++report.checked;
        if (!verifier.accept(event)) break;
      }
    }
    report.valid = verifier.valid();
    report.verified = verifier.verified();
    report.broken_at = verifier.broken_at();
    report.last = verifier.head();
    report.complete = at_end || at_time;
    const domain::ChainHead head = repository.head(org_id);
    report.head_sequence = head.sequence;
    if (report.valid && !at_time) {
      const bool same = head.sequence == report.last.sequence && head.hash == report.last.hash;
      report.complete = report.complete || same;
      if (at_end && !same) {
        report.valid = false;  // the tail was cut off
        report.broken_at = head.event_id;
      }
    }
    return report;
  };
  CO_TRY(ChainReport report, co_await store_.read_behind(caller.principal.org_id, read));
  AuditEntry entry{
      .action = "audit.verify", .resource_type = "audit", .resource_id = {}, .details = {}};
  entry.details["chain_valid"] = report.valid;
  CO_CHECK_OK(co_await record(caller, std::move(entry)));
  co_return report;
}

}  // namespace oneclaw::service

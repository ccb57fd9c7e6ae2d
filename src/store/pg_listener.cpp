#include "store/pg_listener.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/encoding.h"
#include "store/pg_connection.h"

namespace oneclaw::store {

namespace {

constexpr std::string_view kChannel = "oneclaw_changes";
constexpr std::size_t kEntry = 33;         // a letter for the topic and 32 hexadecimal digits
constexpr std::size_t kMostEntries = 200;  // PostgreSQL takes notices of up to 8,000 bytes
constexpr std::size_t kMostNotices = 8;
constexpr std::string_view kAll = "*";
constexpr std::chrono::milliseconds kRetryDelay{200};
constexpr std::chrono::milliseconds kPooledDelay{60'000};

std::string notice_of(std::span<const Change> changes) {
  std::string notice;
  for (const Change& change : changes) {
    notice += static_cast<char>('a' + static_cast<int>(change.topic));
    notice += to_hex(change.id.bytes);
  }
  return notice;
}

std::optional<Change> parse_entry(std::string_view entry) {
  const int topic = entry[0] - 'a';
  if (topic < 0 || topic >= static_cast<int>(kTopics)) return std::nullopt;
  const auto bytes = from_hex(entry.substr(1));
  if (!bytes) return std::nullopt;
  const auto id = Uuid::from_bytes(*bytes);
  if (!id) return std::nullopt;
  return Change{static_cast<Topic>(topic), *id};
}

}  // namespace

std::string notify_statement(const WriteBatch& batch) {
  std::span<const Change> left = batch.changes;
  const bool all = batch.all_changed || left.size() > kMostNotices * kMostEntries;
  std::string sql = "SELECT";
  const auto add = [&](std::string_view notice) {
    sql += std::string(sql.ends_with('T') ? "" : ",") + " pg_notify('" + std::string(kChannel) +
           "', '" + std::string(notice) + "')";
  };
  if (all) {
    add(kAll);
    return sql;
  }
  while (!left.empty()) {
    const std::size_t count = std::min(left.size(), kMostEntries);
    add(notice_of(left.first(count)));
    left = left.subspan(count);
  }
  return sql;
}

void apply_notice(std::string_view notice, ChangeClock& clock) {
  std::vector<Change> changes;
  while (notice.size() >= kEntry) {
    const auto change = parse_entry(notice.substr(0, kEntry));
    if (!change) return clock.changed_all();
    changes.push_back(*change);
    notice.remove_prefix(kEntry);
  }
  // An empty one is by no node, but by an operator who wants every node to look anew.
  if (!notice.empty() || changes.empty()) return clock.changed_all();
  clock.changed(changes);
}

PgListener::PgListener(const PgOptions& options, ChangeClock& clock, PgProgress& progress,
                       PgReach& reach)
    : options_(options), clock_(clock), progress_(progress), reach_(reach) {
  clock_.trust_until(ChangeClock::TrustTime::min());
  thread_ = std::thread([this] { loop(); });
}

PgListener::~PgListener() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void PgListener::loop() {
  while (!stopping_) {
    std::chrono::milliseconds delay = kRetryDelay;
    try {
      if (!listen()) delay = kPooledDelay;
    } catch (const Error& error) {
      tell(error.what());
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, delay, [this] { return stopping_.load(); });
  }
}

/// False when notices can't be relied on; otherwise it goes on until it throws or is stopped.
bool PgListener::listen() {
  PgTimeouts timeouts = options_.timeouts;
  timeouts.reply = 2 * kTrusted;
  PgConnection connection(options_.url, timeouts);
  reach_.reached();
  if (connection.is_pooled()) {
    tell(
        "a pooler is between us and PostgreSQL, and may lose notices: every look-up asks the "
        "database");
    return false;
  }
  connection.defer("SELECT set_config('application_name', 'oneclaw listener', false)");
  connection.defer("LISTEN " + std::string(kChannel));
  connection.flush();
  clock_.changed_all();  // nobody knows what was missed
  while (!stopping_) {
    beat(connection);
    connection.wait_for_notices(kBeat);
  }
  return true;
}

void PgListener::beat(PgConnection& connection) {
  const auto start = ChangeClock::trust_now();
  if (options_.replica_url.empty()) {
    connection.defer("SELECT 1");
    connection.flush();
  } else {
    auto query = connection.prepare("SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint");
    query.step();
    progress_.saw(query.integer(0), start);
  }
  for (const std::string& notice : connection.take_notices()) apply_notice(notice, clock_);
  clock_.trust_until(start + kTrusted);
}

void PgListener::tell(std::string_view text) const {
  if (options_.on_failure) options_.on_failure("listener: " + std::string(text));
}

}  // namespace oneclaw::store

#include "store/pg_listener.h"

#include <optional>
#include <vector>

#include "base/encoding.h"
#include "store/pg_connection.h"

namespace oneclaw::store {

namespace {

constexpr std::string_view kChannel = "oneclaw_changes";
constexpr std::size_t kEntry = 33;         // a letter for the topic and 32 hexadecimal digits
constexpr std::size_t kMostEntries = 200;  // PostgreSQL takes notices of up to 8,000 bytes
constexpr std::string_view kAll = "*";
constexpr std::chrono::milliseconds kRetryDelay{200};

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
  std::string notice;
  if (batch.all_changed || batch.changes.size() > kMostEntries) {
    notice = kAll;
  } else {
    for (const Change& change : batch.changes) {
      notice += static_cast<char>('a' + static_cast<int>(change.topic));
      notice += to_hex(change.id.bytes);
    }
  }
  return "SELECT pg_notify('" + std::string(kChannel) + "', '" + notice + "')";
}

void apply_notice(std::string_view notice, ChangeClock& clock) {
  std::vector<Change> changes;
  while (notice.size() >= kEntry) {
    const auto change = parse_entry(notice.substr(0, kEntry));
    if (!change) return clock.changed_all();
    changes.push_back(*change);
    notice.remove_prefix(kEntry);
  }
  if (!notice.empty()) return clock.changed_all();
  clock.changed(changes);
}

PgListener::PgListener(const PgOptions& options, ChangeClock& clock)
    : options_(options), clock_(clock) {
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
    try {
      listen();
    } catch (const Error& error) {
      if (options_.on_failure) options_.on_failure(std::string("listener: ") + error.what());
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, kRetryDelay, [this] { return stopping_.load(); });
  }
}

void PgListener::listen() {
  PgTimeouts timeouts = options_.timeouts;
  timeouts.reply = 2 * kTrusted;
  PgConnection connection(options_.url, timeouts);
  connection.defer("LISTEN " + std::string(kChannel));
  connection.flush();
  clock_.changed_all();  // nobody knows what was missed
  while (!stopping_) {
    const auto start = ChangeClock::trust_now();
    for (const std::string& notice : connection.poll_notices()) apply_notice(notice, clock_);
    clock_.trust_until(start + kTrusted);
    connection.wait_for_notices(kBeat);
  }
}

}  // namespace oneclaw::store

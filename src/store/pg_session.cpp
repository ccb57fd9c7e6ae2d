#include "store/pg_session.h"

#include <algorithm>

namespace oneclaw::store {

namespace {

constexpr std::chrono::milliseconds kFirstDelay{50};
constexpr std::chrono::milliseconds kLongestDelay{1000};

}  // namespace

bool PgReach::may_try(Time now) {
  const std::lock_guard lock(mutex_);
  return now >= retry_at_;
}

void PgReach::failed(Time began, Time now) {
  const std::lock_guard lock(mutex_);
  if (began < failed_at_) return;
  delay_ = std::clamp(2 * delay_, kFirstDelay, kLongestDelay);
  failed_at_ = now;
  retry_at_ = now + delay_;
}

void PgReach::reached() {
  const std::lock_guard lock(mutex_);
  delay_ = {};
  retry_at_ = {};
}

PgConnection& PgSession::connection() {
  if (connection_) return *connection_;
  const auto began = std::chrono::steady_clock::now();
  if (!reach_.may_try(began)) {
    throw Error(Error::Kind::kUnavailable, "PostgreSQL can't be reached");
  }
  try {
    connection_ = std::make_unique<PgConnection>(url_, timeouts_);
    connection_->set_row_seal(row_seal_);
    reach_.reached();
  } catch (const Error&) {
    reach_.failed(began, std::chrono::steady_clock::now());
    throw;
  }
  return *connection_;
}

bool PgSession::clean_up() noexcept {
  if (!connection_) return false;
  connection_->roll_back();
  if (!connection_->broken()) return false;
  connection_.reset();
  return true;
}

}  // namespace oneclaw::store

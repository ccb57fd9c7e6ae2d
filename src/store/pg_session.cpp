#include "store/pg_session.h"

#include <algorithm>

namespace oneclaw::store {

namespace {

constexpr std::chrono::milliseconds kFirstDelay{50};
constexpr std::chrono::milliseconds kLongestDelay{1000};

}  // namespace

PgConnection& PgSession::connection() {
  if (connection_) return *connection_;
  if (std::chrono::steady_clock::now() < retry_at_) {
    throw Error(Error::Kind::kUnavailable, "PostgreSQL can't be reached");
  }
  try {
    connection_ = std::make_unique<PgConnection>(url_, timeouts_);
    connection_->set_row_seal(row_seal_);
    delay_ = {};
  } catch (const Error&) {
    delay_ = std::clamp(2 * delay_, kFirstDelay, kLongestDelay);
    retry_at_ = std::chrono::steady_clock::now() + delay_;
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

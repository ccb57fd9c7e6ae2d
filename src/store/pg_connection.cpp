#include "store/pg_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "store/pg_dialect.h"
#include "store/pg_statement.h"

namespace oneclaw::store {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Answers that nobody waits for yet; more are waited for, so that memory stays bounded.
constexpr std::size_t kMostSent = 256;

Error::Kind kind_of(std::string_view state) {
  if (state == "23505") return Error::Kind::kUnique;
  if (state.starts_with("23")) return Error::Kind::kConstraint;
  // Serialization failure, deadlock, lock time-out.
  if (state == "40001" || state == "40P01" || state == "55P03") return Error::Kind::kBusy;
  // Connection, resources, operator's intervention and time-outs, system; a server that only reads.
  for (const std::string_view prefix : {"08", "53", "57", "58", "25006", "25P03"}) {
    if (state.starts_with(prefix)) return Error::Kind::kUnavailable;
  }
  return Error::Kind::kOther;
}

std::string text_or(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

/// What went wrong, without what was bound: messages of class 22 and 23 may repeat it.
Error error_of(const PGresult* result) {
  const std::string state = text_or(PQresultErrorField(result, PG_DIAG_SQLSTATE));
  std::string what = "PostgreSQL error " + state;
  for (const char field : {PG_DIAG_TABLE_NAME, PG_DIAG_CONSTRAINT_NAME}) {
    const std::string name = text_or(PQresultErrorField(result, field));
    if (!name.empty()) what += " " + name;
  }
  if (!state.starts_with("22") && !state.starts_with("23")) {
    what += ": " + text_or(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  }
  return {state.empty() ? Error::Kind::kUnavailable : kind_of(state), what};
}

/// 0 for a command that changes no rows.
std::int64_t rows_changed(PGresult* result) {
  const std::string_view text = PQcmdTuples(result);
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

bool ends_session(std::string_view state) {
  return state.starts_with("57P") || state == "25P03" || state == "25006" ||
         state.starts_with("08");
}

}  // namespace

void PgConnection::Close::operator()(pg_conn* handle) const {
  PQfinish(handle);
}
void PgConnection::CloseResult::operator()(pg_result* result) const {
  PQclear(result);
}

PgConnection::PgConnection(const std::string& url, const PgTimeouts& timeouts)
    : timeouts_(timeouts) {
  const std::string seconds =
      std::to_string(std::max<std::int64_t>(2, timeouts.connect.count() / 1000));
  // What stands before dbname may be set otherwise by the URL, what stands after it may not.
  constexpr std::size_t kCount = 8;
  const std::array<const char*, kCount> keywords{"connect_timeout",  "target_session_attrs",
                                                 "keepalives_idle",  "keepalives_interval",
                                                 "keepalives_count", "dbname",
                                                 "client_encoding",  nullptr};
  const std::array<const char*, kCount> values{seconds.c_str(), "any",  "5",    "5", "3",
                                               url.c_str(),     "UTF8", nullptr};
  handle_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (handle_ == nullptr || PQstatus(handle_.get()) != CONNECTION_OK) {
    // libpq's text names host and port, and never the password.
    std::string what = handle_ == nullptr ? "out of memory" : PQerrorMessage(handle_.get());
    std::erase(what, '\n');
    throw Error(Error::Kind::kUnavailable, what);
  }
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);  // nothing on our standard error
  PQsetnonblocking(handle_.get(), 1);
  PQenterPipelineMode(handle_.get());
  const auto set = [&](const char* name, const std::string& value) {
    defer("SELECT set_config('" + std::string(name) + "', '" + value + "', false)");
  };
  const auto set_time = [&](const char* name, milliseconds time) {
    set(name, std::to_string(time.count()));
  };
  set("application_name", "oneclaw");
  set_time("statement_timeout", timeouts.statement);
  set_time("lock_timeout", timeouts.lock);
  set_time("idle_in_transaction_session_timeout", timeouts.idle_in_transaction);
  // An answer promises that its event is durable.
  defer(
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'");
  flush();
}

PgConnection::~PgConnection() = default;

Statement PgConnection::prepare(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    auto statement =
        std::make_unique<PgStatement>(*this, to_postgres(sql), "s" + std::to_string(next_name_++));
    found = cache_.emplace(sql, std::move(statement)).first;
  }
  found->second->lend();
  return Statement(found->second.get());
}

void PgConnection::check_sent(int ok) {
  if (ok != 1) lost("a statement can't be sent");
}

void PgConnection::start(PgStatement& statement) {
  if (broken_) throw Error(Error::Kind::kUnavailable, "the connection to PostgreSQL is lost");
  if (sent_.size() >= kMostSent) flush();
  if (statement.prepared_ == PgStatement::Prepared::kNot) {
    const std::vector<Oid> types = statement.types();
    check_sent(PQsendPrepare(handle_.get(), statement.name_.c_str(), statement.sql_.c_str(),
                             static_cast<int>(types.size()), types.data()));
    statement.prepared_ = PgStatement::Prepared::kSent;
    sent_.push_back({Sent::kPrepare, &statement});
  }
  const std::size_t count = statement.params_.size();
  std::vector<const char*> values(count);
  std::vector<int> lengths(count);
  const std::vector<int> formats(count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const PgStatement::Param& param = statement.params_[i];
    values[i] = param.null ? nullptr : param.value.data();
    lengths[i] = static_cast<int>(param.value.size());
  }
  check_sent(PQsendQueryPrepared(handle_.get(), statement.name_.c_str(), static_cast<int>(count),
                                 values.data(), lengths.data(), formats.data(), 1));
  sent_.push_back({Sent::kQuery, &statement});
}

void PgConnection::defer(std::string_view sql) {
  if (broken_) throw Error(Error::Kind::kUnavailable, "the connection to PostgreSQL is lost");
  const std::string text(sql);
  check_sent(
      PQsendQueryParams(handle_.get(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1));
  sent_.push_back({Sent::kCommand, nullptr});
}

void PgConnection::flush() {
  if (!sent_.empty()) finish();
}

void PgConnection::sync() {
  check_sent(PQpipelineSync(handle_.get()));
  sent_.push_back({Sent::kSync, nullptr});
}

void PgConnection::send_off() {
  if (broken_ || sent_.empty()) return;
  if (sent_.back().kind != Sent::kSync) sync();
  send_all();
}

PgConnection::ResultPtr PgConnection::finish() {
  if (broken_) throw Error(Error::Kind::kUnavailable, "the connection to PostgreSQL is lost");
  if (sent_.empty() || sent_.back().kind != Sent::kSync) sync();
  send_all();
  ResultPtr last;
  std::optional<Error> failure;
  while (!sent_.empty()) {
    const Item item = sent_.front();
    ResultPtr result = take_result();
    if (!result) lost("an answer is missing");
    sent_.pop_front();
    if (item.kind == Sent::kSync) {
      if (PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC) lost("answers are out of step");
      continue;
    }
    while (take_result()) {  // the null that ends each statement's results
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR && !failure) {
      failure = error_of(result.get());
      const std::string state = text_or(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE));
      if (state.empty() || ends_session(state) || PQstatus(handle_.get()) != CONNECTION_OK) {
        broken_ = true;
        sent_.clear();
        throw Error(*failure);
      }
    }
    note(item, result);
    if (result) last = std::move(result);
  }
  if (failure) throw Error(*failure);
  return last;
}

/// Takes in an answer; leaves `result` only when it is a query's.
void PgConnection::note(const Item& item, ResultPtr& result) {
  const ExecStatusType status = PQresultStatus(result.get());
  const bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (item.kind == Sent::kPrepare) {
    item.statement->prepared_ = ok ? PgStatement::Prepared::kReady : PgStatement::Prepared::kNot;
  } else if (item.kind == Sent::kCommand) {
    last_command_ = ok ? text_or(PQcmdStatus(result.get())) : std::string();
  } else if (ok) {
    changes_ = rows_changed(result.get());
    return;
  }
  result.reset();
}

std::int64_t PgConnection::commit_and_locate() {
  last_command_.clear();
  defer("COMMIT");
  try {
    auto query = prepare("SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint");
    query.step();
    commit_ended();
    return query.integer(0);
  } catch (const Error&) {
    if (last_command_ != "COMMIT") throw;
    return std::numeric_limits<std::int64_t>::max();  // what is committed must not be done again
  }
}

void PgConnection::commit() {
  defer("COMMIT");
  flush();
  commit_ended();
}

void PgConnection::commit_ended() const {
  // The COMMIT of a transaction that has failed is a ROLLBACK.
  if (last_command_ != "COMMIT") throw Error(Error::Kind::kBusy, "a transaction was not committed");
}

PgConnection::ResultPtr PgConnection::take_result() {
  const auto deadline = steady_clock::now() + timeouts_.reply;
  while (PQisBusy(handle_.get()) != 0) {
    wait_readable(deadline, false);
    if (PQconsumeInput(handle_.get()) != 1) lost("the connection to PostgreSQL is lost");
  }
  return ResultPtr(PQgetResult(handle_.get()));
}

void PgConnection::send_all() {
  const auto deadline = steady_clock::now() + timeouts_.reply;
  for (;;) {
    const int left = PQflush(handle_.get());
    if (left == 0) return;
    if (left < 0) lost("the connection to PostgreSQL is lost");
    wait_readable(deadline, true);
    if (PQconsumeInput(handle_.get()) != 1) lost("the connection to PostgreSQL is lost");
  }
}

void PgConnection::wait_readable(steady_clock::time_point deadline, bool to_write) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  if (left.count() <= 0) lost("PostgreSQL does not answer");
  pollfd waited{PQsocket(handle_.get()), static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN),
                0};
  if (::poll(&waited, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
    lost("the connection to PostgreSQL is lost");
  }
}

void PgConnection::lost(const char* what) {
  broken_ = true;
  sent_.clear();
  throw Error(Error::Kind::kUnavailable, what);
}

void PgConnection::roll_back() noexcept {
  if (broken_) return;
  try {
    flush();
  } catch (const Error&) {  // told already, or of no more interest
  }
  if (broken_ || !in_transaction()) return;
  try {
    defer("ROLLBACK");
    flush();
  } catch (const Error&) {
    broken_ = true;
  }
}

bool PgConnection::in_transaction() const {
  return PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

void PgConnection::execute(std::string_view sql) {
  flush();
  if (broken_) throw Error(Error::Kind::kUnavailable, "the connection to PostgreSQL is lost");
  const std::string text = schema_to_postgres(sql);
  if (PQexitPipelineMode(handle_.get()) != 1) lost("answers are out of step");
  check_sent(PQsendQuery(handle_.get(), text.c_str()));
  send_all();
  std::optional<Error> failure;
  while (ResultPtr result = take_result()) {
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !failure) {
      failure = error_of(result.get());
    }
    changes_ = rows_changed(result.get());
  }
  if (PQenterPipelineMode(handle_.get()) != 1) lost("the connection to PostgreSQL is lost");
  if (failure) throw Error(*failure);
}

std::int64_t PgConnection::changes() {
  flush();
  return changes_;
}

bool PgConnection::is_pooled() {
  auto query = prepare("SELECT pg_backend_pid()");
  return !query.step() || query.integer(0) != PQbackendPID(handle_.get());
}

std::vector<std::string> PgConnection::take_notices() {
  std::vector<std::string> notices;
  while (PGnotify* notice = PQnotifies(handle_.get())) {
    notices.emplace_back(notice->extra);
    PQfreemem(notice);
  }
  return notices;
}

void PgConnection::wait_for_notices(milliseconds most) {
  pollfd waited{PQsocket(handle_.get()), POLLIN, 0};
  ::poll(&waited, 1, static_cast<int>(most.count()));
}

}  // namespace oneclaw::store

#include "service/delivery.h"

#include <curl/curl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "service/webhook_sender.h"
#include "service/webhooks.h"
#include "store/webhook_repository.h"

namespace oneclaw::service {

namespace asio = boost::asio;

namespace {

std::chrono::seconds retry_delay(std::chrono::seconds first, std::int64_t failures) {
  const auto doublings = std::min<std::int64_t>(failures, 12);
  return std::min(first * (std::int64_t{1} << doublings), std::chrono::seconds(kLongestRetry));
}

}  // namespace

Delivery::Delivery(store::Store& store, const FieldSeal& seal, SmtpOptions smtp,
                   WebhookOptions webhooks, const std::atomic<bool>& stopping)
    : store_(store),
      seal_(seal),
      smtp_(std::move(smtp)),
      webhooks_(std::move(webhooks)),
      stopping_(stopping) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

asio::awaitable<void> Delivery::run_due() {
  const auto read =
      [](store::Transaction& transaction) -> Result<std::vector<store::OutboxRepository::DueRow>> {
    return store::OutboxRepository(transaction).due(now(), kMostDue);
  };
  const auto due = co_await store_.read(read);
  if (!due.ok()) co_return;  // the store has said why
  std::map<Destination, std::vector<Uuid>> rows;
  for (const auto& row : *due) {
    auto& waiting = rows[row.webhook_id];
    if (waiting.size() < kMostPerRun) waiting.push_back(row.id);
  }
  const auto executor = co_await asio::this_coro::executor;
  for (auto& [destination, ids] : rows) {
    if (!busy_.insert(destination).second) continue;
    asio::co_spawn(executor, serve(destination, std::move(ids)), asio::detached);
  }
}

asio::awaitable<void> Delivery::serve(Destination destination, std::vector<Uuid> rows) {
  try {
    for (const Uuid& row : rows) {
      if (stopping_ || !co_await deliver(row)) break;
    }
  } catch (const std::exception& error) {
    spdlog::error("delivery failed type={}", typeid(error).name());
  }
  busy_.erase(destination);
}

asio::awaitable<bool> Delivery::deliver(const Uuid& row_id) {
  struct Found {
    std::optional<store::OutboxRow> row;
    std::optional<store::WebhookRow> webhook;
  };
  const auto read = [&](store::Transaction& transaction) -> Result<Found> {
    Found found{store::OutboxRepository(transaction).find_pending(row_id), std::nullopt};
    if (found.row && found.row->webhook_id) {
      found.webhook =
          store::WebhookRepository(transaction).find(found.row->org_id, *found.row->webhook_id);
    }
    return found;
  };
  const auto found = co_await store_.read(read);
  if (!found.ok()) co_return false;
  if (!found->row) co_return true;
  const store::OutboxRow& row = *found->row;
  if (row.kind == "email" && smtp_.host.empty()) {
    co_return co_await drop(row);
  }
  if (row.webhook_id && (!found->webhook || !found->webhook->is_active)) {
    co_return co_await settle(row, {Attempt::Outcome::kRefused, "the webhook isn't active"});
  }
  const auto work = [&]() -> Result<Attempt> {
    if (row.kind == "email") return send_mail(row);
    return send_event(row, found->webhook->url, found->webhook->secret_sealed);
  };
  auto attempt = co_await pool_.run(work);
  if (!attempt.ok()) co_return false;  // all threads are taken: later
  // A transfer that the shutdown has cut off is no failure of its destination.
  if (stopping_ && attempt->outcome != Attempt::Outcome::kDelivered) co_return false;
  co_return co_await settle(row, std::move(*attempt));
}

asio::awaitable<bool> Delivery::drop(const store::OutboxRow& row) {
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::OutboxRepository(transaction).remove(row.id);
    return {};
  };
  const auto written = co_await store_.write(row.org_id, write);
  if (!written.ok()) co_return false;
  spdlog::info("email not sent, for no SMTP server is set topic={} id={}", row.topic,
               row.id.to_string());
  co_return true;
}

Attempt Delivery::send_mail(const store::OutboxRow& row) const {
  const auto body = seal_.open(kOutboxColumn, row.id, row.sealed);
  const auto email = body.ok() ? unpack_email(row.topic, *body) : std::nullopt;
  if (!email) return {Attempt::Outcome::kRefused, "the stored email can't be read"};
  return send_email(smtp_, *email, row.id, stopping_);
}

Attempt Delivery::send_event(const store::OutboxRow& row, const std::string& url,
                             const Bytes& secret_sealed) const {
  const auto body = seal_.open(kOutboxColumn, row.id, row.sealed);
  const auto secret = seal_.open(kWebhookSecretColumn, *row.webhook_id, secret_sealed);
  boost::system::error_code error;
  if (body.ok() && secret.ok()) {
    const auto event = boost::json::parse(as_text(*body), error);
    const auto* id = error || !event.is_object() ? nullptr : event.get_object().if_contains("id");
    if (id != nullptr && id->is_string()) {
      return send_webhook(webhooks_, url, as_text(*secret), id->get_string(), as_text(*body),
                          stopping_);
    }
  }
  return {Attempt::Outcome::kRefused, "the stored event can't be read"};
}

asio::awaitable<bool> Delivery::settle(const store::OutboxRow& row, Attempt attempt) {
  using enum Attempt::Outcome;
  const bool is_email = row.kind == "email";
  const int most = is_email ? smtp_.most_attempts : webhooks_.most_attempts;
  const bool delivered = attempt.outcome == kDelivered;
  const bool dead = !delivered && (attempt.outcome == kRefused || row.attempts + 1 >= most);
  const TimePoint at = now();
  const TimePoint next =
      at + retry_delay(is_email ? smtp_.first_retry : webhooks_.first_retry, row.attempts);
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    store::OutboxRepository outbox(transaction);
    if (delivered) {
      outbox.remove(row.id);
    } else if (dead) {
      outbox.bury(row.id, attempt.reason);
      outbox.purge_dead(at - kKeepDead);
    } else {
      outbox.postpone(row.id, next, attempt.reason);
    }
    if (!row.webhook_id) return {};
    store::WebhookRepository webhooks(transaction);
    if (delivered) {
      webhooks.note_success(*row.webhook_id, at);
    } else {
      webhooks.note_failure(*row.webhook_id, at, attempt.reason);
      if (attempt.outcome == kUnreachable) outbox.hold(*row.webhook_id, next);
    }
    return {};
  };
  const auto written = co_await store_.write(row.org_id, write);
  if (!written.ok()) co_return false;
  if (delivered) {
    spdlog::debug("delivered kind={} topic={} id={}", row.kind, row.topic, row.id.to_string());
  } else {
    spdlog::warn("{}: {} kind={} topic={} id={} attempts={}",
                 dead ? "not delivered, given up" : "not delivered yet", attempt.reason, row.kind,
                 row.topic, row.id.to_string(), row.attempts + 1);
  }
  co_return attempt.outcome != kUnreachable;
}

}  // namespace oneclaw::service

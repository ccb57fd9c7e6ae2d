// Delivery: takes what is due from the outbox and sends it, at least once.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/uuid.h"
#include "service/blocking_pool.h"
#include "service/delivery_options.h"
#include "service/field_seal.h"
#include "service/mailer.h"
#include "store/outbox_repository.h"
#include "store/store.h"

namespace oneclaw::service {

/// Destinations (the mail server, each webhook) are served side by side, and what goes to one goes
/// in order. A webhook that fails is held back with all that waits for it, so it delays no other.
/// What was sent is removed from the outbox after the answer: when the server dies in between, it
/// is sent again, under the same id.
class Delivery {
 public:
  static constexpr std::chrono::milliseconds kPeriod{500};
  static constexpr std::int64_t kMostDue = 1000;       ///< rows looked at in one run
  static constexpr std::size_t kMostPerRun = 32;       ///< sent to one destination in one run
  static constexpr std::size_t kThreads = 4;           ///< transfers at once
  static constexpr std::chrono::hours kKeepDead{720};  ///< then the reason is forgotten too

  /// `stopping`: ends transfers early (Background::stopping()).
  Delivery(store::Store& store, const FieldSeal& seal, SmtpOptions smtp, WebhookOptions webhooks,
           const std::atomic<bool>& stopping);

  /// A background task: starts the delivery of what is due, to destinations that are not being
  /// served. All of it runs on the executor it is awaited on.
  boost::asio::awaitable<void> run_due();

 private:
  using Destination = std::optional<Uuid>;  // a webhook, or the mail server

  boost::asio::awaitable<void> serve(Destination destination, std::vector<Uuid> rows);
  /// False when the destination is to be left alone for now.
  boost::asio::awaitable<bool> deliver(const Uuid& row_id);
  boost::asio::awaitable<bool> settle(const store::OutboxRow& row, Attempt attempt);
  /// An email that can't be sent because no SMTP server is set.
  boost::asio::awaitable<bool> drop(const store::OutboxRow& row);
  Attempt send_mail(const store::OutboxRow& row) const;
  Attempt send_event(const store::OutboxRow& row, const std::string& url,
                     const Bytes& secret_sealed) const;

  store::Store& store_;
  const FieldSeal& seal_;
  const SmtpOptions smtp_;
  const WebhookOptions webhooks_;
  const std::atomic<bool>& stopping_;
  std::set<Destination> busy_;
  BlockingPool pool_{kThreads, 256};
};

}  // namespace oneclaw::service

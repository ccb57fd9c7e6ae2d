#include "service/outbox.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/time.h"
#include "store/outbox_repository.h"
#include "store/webhook_repository.h"

namespace oneclaw::service {

namespace json = boost::json;

namespace {

Bytes seal_or_throw(const FieldSeal& seal, const Uuid& id, ByteView body) {
  auto sealed = seal.seal(kOutboxColumn, id, body);
  if (!sealed.ok()) {
    throw store::Error(store::Error::Kind::kOther, "an outbox body can't be sealed");
  }
  return std::move(sealed).value();
}

/// To, subject and text, each after its length in bytes, so that none can pass for another.
SecureString pack(const Email& email) {
  SecureString packed;
  const auto add = [&](std::string_view text) {
    packed.append(std::to_string(text.size()) + ":");
    packed.append(text);
  };
  add(email.to);
  add(email.subject);
  add(email.text.view());
  return packed;
}

}  // namespace

std::optional<Email> unpack_email(std::string kind, ByteView body) {
  std::string_view rest = as_text(body);
  const auto take = [&]() -> std::optional<std::string_view> {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc{} || digits == rest.size() || *end != ':' ||
        size > rest.size() - digits - 1) {
      return std::nullopt;
    }
    const std::string_view text = rest.substr(digits + 1, size);
    rest.remove_prefix(digits + 1 + size);
    return text;
  };
  const auto to = take();
  const auto subject = take();
  const auto text = take();
  if (!to || !subject || !text || !rest.empty()) return std::nullopt;
  return Email{std::string(*to), std::move(kind), std::string(*subject), SecureString(*text)};
}

bool event_matches(const std::vector<std::string>& patterns, std::string_view type) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    if (pattern == "*" || pattern == type) return true;
    return pattern.ends_with(".*") &&
           type.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  });
}

void Outbox::enqueue_email(store::Transaction& transaction, const Uuid& org_id,
                           const Email& email) const {
  const Uuid id = Uuid::v7();
  const TimePoint at = now();
  store::OutboxRepository(transaction)
      .insert({.id = id,
               .org_id = org_id,
               .kind = "email",
               .topic = email.kind,
               .webhook_id = std::nullopt,
               .attempts = 0,
               .next_attempt_at = at,
               .created_at = at,
               // What is never sent is not kept either.
               .sealed = mail_enabled_ ? seal_or_throw(seal_, id, pack(email).bytes()) : Bytes()});
}

void Outbox::enqueue_event(store::Transaction& transaction, const Uuid& org_id,
                           std::string_view type, json::object data) const {
  const auto webhooks = store::WebhookRepository(transaction).active(org_id);
  if (webhooks.empty()) return;
  const TimePoint at = now();
  json::object event;
  event["id"] = Uuid::v7().to_string();
  event["type"] = type;
  event["created_at"] = to_rfc3339(at);
  event["org_id"] = org_id.to_string();
  event["data"] = std::move(data);
  const std::string body = json::serialize(event);
  store::OutboxRepository outbox(transaction);
  for (const store::WebhookRow& webhook : webhooks) {
    if (!event_matches(webhook.events, type)) continue;
    const Uuid id = Uuid::v7();
    outbox.insert({.id = id,
                   .org_id = org_id,
                   .kind = "webhook",
                   .topic = std::string(type),
                   .webhook_id = webhook.id,
                   .attempts = 0,
                   .next_attempt_at = at,
                   .created_at = at,
                   .sealed = seal_or_throw(seal_, id, as_bytes(body))});
  }
}

}  // namespace oneclaw::service

// The outbox: emails and webhook events, stored with the change they tell of and delivered later.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secure.h"
#include "base/uuid.h"
#include "service/field_seal.h"
#include "store/store.h"

namespace oneclaw::service {

/// A plain-text email: short, one link at most.
struct Email {
  std::string to;
  std::string kind;     ///< "password_reset"; goes to the log, so it holds nothing of the content
  std::string subject;  ///< holds no secret
  SecureString text;    ///< sealed in the outbox
};

class Outbox {
 public:
  /// `mail_enabled`: whether an SMTP server is set.
  Outbox(const FieldSeal& seal, bool mail_enabled) : seal_(seal), mail_enabled_(mail_enabled) {}

  /// Queues the email inside a write transaction: it is sent if the transaction is committed, and
  /// only then. Without an SMTP server it is not sent; the log says so, by its id and kind.
  /// Throws store::Error, which rolls the transaction back.
  void enqueue_email(store::Transaction& transaction, const Uuid& org_id, const Email& email) const;
  /// Queues an event for each active webhook of the org that asks for its type: {id, type,
  /// created_at, org_id, data}. `data` names things by id and holds no secret.
  void enqueue_event(store::Transaction& transaction, const Uuid& org_id, std::string_view type,
                     boost::json::object data) const;

  /// Whether emails are sent. When not, links go into the answer for the owner.
  [[nodiscard]] bool mail_enabled() const { return mail_enabled_; }

  /// Where clients reach this server: "https://secrets.example.com", no slash at the end. Set once
  /// before the server runs.
  void set_public_url(std::string url) { public_url_ = std::move(url); }
  [[nodiscard]] const std::string& public_url() const { return public_url_; }

 private:
  const FieldSeal& seal_;
  bool mail_enabled_;
  std::string public_url_;
};

/// The email of an opened outbox body; nullopt when it is none.
std::optional<Email> unpack_email(std::string kind, ByteView body);
/// The column name that outbox bodies are sealed under.
inline constexpr std::string_view kOutboxColumn = "outbox.sealed";
/// Whether a webhook that asks for `patterns` (types, `secret.*`, `*`) gets events of `type`.
bool event_matches(const std::vector<std::string>& patterns, std::string_view type);

}  // namespace oneclaw::service

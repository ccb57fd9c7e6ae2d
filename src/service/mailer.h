// Sends one email through the SMTP server (RFC 5321), with libcurl.
#pragma once

#include <atomic>
#include <string>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"
#include "service/delivery_options.h"
#include "service/outbox.h"

namespace oneclaw::service {

/// How an attempt ended. `reason` is for the operator: it holds no address, link or token.
struct Attempt {
  enum class Outcome : std::uint8_t {
    kDelivered,
    kRetry,       ///< this one failed for now
    kRefused,     ///< for good: it is given up
    kUnreachable  ///< the destination failed, so the next one would too
  };
  Outcome outcome = Outcome::kDelivered;
  std::string reason{};
};

/// The message as it goes over the wire (RFC 5322, MIME): plain text, CRLF, Message-ID of `id`.
SecureString to_message(const Email& email, const std::string& from, const Uuid& id, TimePoint at);

/// Blocks for at most the timeout. 5xx is kRefused, but for a failed log-in, which is the
/// configuration's fault.
Attempt send_email(const SmtpOptions& options, const Email& email, const Uuid& id,
                   const std::atomic<bool>& stopping);

}  // namespace oneclaw::service

// Sends one event to one webhook, signed after the Standard Webhooks specification 1.0
// (https://www.standardwebhooks.com), with libcurl.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "service/delivery_options.h"
#include "service/mailer.h"

namespace oneclaw::service {

/// What a signing secret starts with; base64 of 32 random bytes follows.
inline constexpr std::string_view kWebhookSecretPrefix = "whsec_";
SecureString new_webhook_secret();

/// `v1,` and the base64 of HMAC-SHA-256 over "<event id>.<seconds>.<body>", keyed with the 32
/// bytes of `secret`. 500 for what is no such secret.
Result<std::string> sign_webhook(std::string_view secret, std::string_view event_id, TimePoint at,
                                 std::string_view body);

/// 400 "url" unless it is an absolute http(s) URL of at most 2,048 bytes with a host and without
/// user, password or fragment; and, unless `allow_private`, for a host that names a private
/// address. A name is only checked when it is connected to.
Result<void> validate_webhook_url(std::string_view url, bool allow_private);

/// POSTs `body` (JSON) with the headers webhook-id, webhook-timestamp and webhook-signature.
/// Delivered means a 2xx answer; redirects are failures. Unless private addresses are allowed, the
/// address that the socket would connect to is checked after the name was resolved, so that no
/// second resolution can change it. Blocks for at most the timeout.
Attempt send_webhook(const WebhookOptions& options, const std::string& url, std::string_view secret,
                     std::string_view event_id, std::string_view body,
                     const std::atomic<bool>& stopping);

}  // namespace oneclaw::service

// The emails of accounts. Each says what happened, what to do, and what to do if it wasn't you.
#pragma once

#include <string>
#include <string_view>

#include "base/secure.h"
#include "base/time.h"
#include "service/outbox.h"

namespace oneclaw::service::mail {

/// What somebody chose, on one line: at most 200 bytes, control characters become spaces, and it
/// can't pass for a link.
std::string plain_line(std::string_view text);

Email verify_signup(std::string to, std::string_view public_url, const SecureString& token);
Email already_signed_up(std::string to);
Email password_reset(std::string to, std::string_view public_url, const SecureString& token);
Email no_password(std::string to);
Email password_changed(std::string to);
Email email_change(std::string to, const SecureString& code);
Email email_changed(std::string to);
Email account_deleted(std::string to);
Email api_key_created(std::string to, std::string_view name);
Email mfa_changed(std::string to, bool enabled);
/// `link` opens nothing but for the recipient; `needs_account`: who isn't signed up yet must be.
Email share_received(std::string to, std::string_view author, std::string_view link,
                     TimePoint expires_at, bool needs_account);
/// To the author, at the first access.
Email share_accessed(std::string to, std::string_view path, std::string_view reader);
Email invitation(std::string to, std::string_view org_name, std::string_view inviter,
                 std::string_view role, std::string_view link, TimePoint expires_at);
Email enrolment(std::string to, std::string_view public_url, std::string_view agent_name,
                const SecureString& token);

}  // namespace oneclaw::service::mail

// How emails and webhook events are delivered.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/secure.h"

namespace oneclaw::service {

enum class SmtpSecurity : std::uint8_t {
  kNone,      ///< in clear, for a relay on this machine
  kStartTls,  ///< RFC 3207, required: no mail without TLS
  kTls,       ///< TLS from the first byte (RFC 8314)
};

struct SmtpOptions {
  std::string host;  ///< empty: no email is sent
  std::uint16_t port = 587;
  SmtpSecurity security = SmtpSecurity::kStartTls;
  std::string username;  ///< empty: no authentication
  SecureString password;
  std::string from;               ///< the sender's bare address
  std::filesystem::path ca_file;  ///< empty: the system's authorities
  std::chrono::seconds timeout{30};
  std::chrono::seconds first_retry{10};  ///< doubles with each failure, up to kLongestRetry
  int most_attempts = 10;
};

struct WebhookOptions {
  bool allow_private_addresses = false;
  std::filesystem::path ca_file;         ///< empty: the system's authorities
  std::chrono::seconds timeout{10};      ///< of one attempt
  std::chrono::seconds first_retry{10};  ///< doubles with each failure, up to kLongestRetry
  int most_attempts = 10;
};

inline constexpr std::chrono::hours kLongestRetry{1};

/// local@domain of at most 254 bytes, printable ASCII without spaces, quotes or brackets: what is
/// safe to hand to an SMTP server (RFC 5321 §4.1.2, dot-atoms alone).
bool is_mail_address(std::string_view address);

}  // namespace oneclaw::service

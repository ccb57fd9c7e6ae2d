// One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), SHA-1, 6 digits, steps of 30 seconds:
// what every authenticator app speaks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/secure.h"
#include "base/time.h"

namespace oneclaw::crypto {

inline constexpr std::size_t kTotpSecretBytes = 20;  ///< RFC 4226 §4 R6: at least 128 bits
inline constexpr int kTotpDigits = 6;
inline constexpr std::chrono::seconds kTotpStep{30};

/// RFC 4226 §5.3: the low `digits` (1 to 9) decimal digits of the truncated HMAC-SHA-1.
std::uint32_t hotp(ByteView secret, std::uint64_t counter, int digits = kTotpDigits);

/// The number of the step that a time lies in (RFC 6238 §4.2, T0 = 0).
std::int64_t totp_step_of(TimePoint at);

/// The step whose code `code` is: of the step now, the one before and the one after (RFC 6238
/// §5.2), and later than `after_step`, so that a code that was used is refused. nullopt otherwise.
/// Every candidate is computed and compared in constant time.
std::optional<std::int64_t> match_totp(ByteView secret, std::string_view code, TimePoint at,
                                       std::int64_t after_step);

/// 160 random bits.
SecureBytes generate_totp_secret();

/// `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=ISSUER&algorithm=SHA1&digits=6&period=30`
SecureString otpauth_uri(std::string_view issuer, std::string_view account, ByteView secret);

/// RFC 4648 §6 without padding, in memory that is wiped.
SecureString to_base32(ByteView bytes);

}  // namespace oneclaw::crypto

// API keys: 256 random bits with a prefix, kept as HMAC-SHA-256 and a look-up prefix.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secure.h"
#include "crypto/digest.h"

namespace oneclaw::crypto {

inline constexpr std::string_view kPersonalKeyPrefix = "1ck_";
inline constexpr std::string_view kAgentKeyPrefix = "ocv_";

/// A key as it is shown once: prefix + 43 base64url characters.
struct NewApiKey {
  SecureString text;
  std::string lookup;  ///< prefix + the first 12 characters of the rest: 72 bits, not a secret
  Digest mac;          ///< HMAC-SHA-256 over the whole text
};

NewApiKey generate_api_key(const Key256& hmac_key, std::string_view prefix);

/// The look-up prefix and MAC of a presented key; nullopt unless it has the right form.
struct PresentedApiKey {
  std::string lookup;
  Digest mac;
};
std::optional<PresentedApiKey> parse_api_key(const Key256& hmac_key, std::string_view prefix,
                                             std::string_view text);

}  // namespace oneclaw::crypto

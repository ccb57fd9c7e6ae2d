// Making and recognising the tokens that are handed out once and kept as a MAC.
#pragma once

#include <string_view>

#include "base/secure.h"
#include "base/uuid.h"

namespace oneclaw::service {

/// Prefixes: they tell a leaked token's kind, and keep the MACs of kinds apart.
inline constexpr std::string_view kSignupPrefix = "ocs_";
inline constexpr std::string_view kResetPrefix = "ocp_";
inline constexpr std::string_view kMfaPrefix = "ocm_";
inline constexpr std::string_view kDevicePrefix = "ocd_";
inline constexpr std::string_view kPollPrefix = "oce_";
inline constexpr std::string_view kEnrolPrefix = "ocl_";
inline constexpr std::string_view kInvitationPrefix = "oci_";
inline constexpr std::string_view kSharePrefix = "och_";

struct NewToken {
  SecureString text;  ///< prefix and 256 random bits as base64url
  Bytes mac;
};

NewToken make_token(const Key256& mac_key, std::string_view prefix);
/// The stored form of a token; nothing matches it unless make_token() made the text.
Bytes token_mac(const Key256& mac_key, std::string_view text);
/// The stored form of a short code of a person's, apart from all tokens.
Bytes code_mac(const Key256& mac_key, std::string_view label, const Uuid& user_id,
               std::string_view code);

}  // namespace oneclaw::service

// Signed one-click links: who may decide which approval, until when, under our MAC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw::service {

struct ApprovalLink {
  Uuid approval_id;
  Uuid org_id;
  Uuid user_id;  ///< the person who decides by it
};

/// A token is base64url of ids (16 bytes each) and HMAC-SHA-256 over a label and them: 107
/// characters. It works as long as its approval is undecided and its person may decide.
class ApprovalLinks {
 public:
  explicit ApprovalLinks(const Key256& mac_key) : mac_key_(mac_key) {}

  [[nodiscard]] SecureString sign(const ApprovalLink& link) const;
  /// nullopt unless sign() made it.
  [[nodiscard]] std::optional<ApprovalLink> open(std::string_view token) const;

 private:
  const Key256& mac_key_;
};

}  // namespace oneclaw::service

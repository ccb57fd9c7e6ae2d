#include "service/approval_links.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace oneclaw::service {

namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kBodyBytes = 3 * kIdBytes;

crypto::Digest mac_of(const Key256& key, ByteView body) {
  // The label keeps this MAC apart from those of keys and tokens, which the same key makes.
  constexpr std::string_view kLabel = "oneclaw/approval-link/v1|";
  Bytes message(kLabel.begin(), kLabel.end());
  message.insert(message.end(), body.begin(), body.end());
  return crypto::hmac_sha256(key, message);
}

}  // namespace

SecureString ApprovalLinks::sign(const ApprovalLink& link) const {
  Bytes token;
  for (const Uuid& id : {link.approval_id, link.org_id, link.user_id}) {
    token.insert(token.end(), id.bytes.begin(), id.bytes.end());
  }
  const crypto::Digest mac = mac_of(mac_key_, token);
  token.insert(token.end(), mac.begin(), mac.end());
  return SecureString(to_base64url(token));
}

std::optional<ApprovalLink> ApprovalLinks::open(std::string_view token) const {
  const auto raw = from_base64url(token);
  if (!raw || raw->size() != kBodyBytes + crypto::Digest{}.size()) return std::nullopt;
  const ByteView bytes(*raw);
  const ByteView body = bytes.first(kBodyBytes);
  if (!secure_equal(mac_of(mac_key_, body), bytes.subspan(kBodyBytes))) return std::nullopt;
  return ApprovalLink{.approval_id = *Uuid::from_bytes(body.subspan(0, kIdBytes)),
                      .org_id = *Uuid::from_bytes(body.subspan(kIdBytes, kIdBytes)),
                      .user_id = *Uuid::from_bytes(body.subspan(2 * kIdBytes, kIdBytes))};
}

}  // namespace oneclaw::service

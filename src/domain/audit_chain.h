// The audit chain: each event's hash covers the event and the hash before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw::domain {

using ChainHash = std::array<std::uint8_t, 32>;

/// One event of an org's chain.
struct AuditEvent {
  Uuid id;
  Uuid org_id;
  std::int64_t sequence = 0;  ///< 1 for an org's first event, without gaps
  std::string action;         ///< "secret.read"
  std::string actor_type;     ///< "user", "agent", "anonymous" or "system"
  std::string actor_id;       ///< UUID text, or empty
  std::string resource_type;
  std::string resource_id;
  std::string details_json;  ///< canonical JSON object text, stored and hashed as it is
  std::string ip_address;
  TimePoint created_at{};
  std::optional<Uuid> prev_event_id;  ///< empty for the first
  ChainHash integrity_hash{};
};

/// The last event of a chain: what the next one links to.
struct ChainHead {
  std::int64_t sequence = 0;
  std::optional<Uuid> event_id;
  ChainHash hash{};                         ///< all zero for an empty chain
  TimePoint created_at = TimePoint::min();  ///< of that event
};

/// SHA-256 over "oneclaw/audit/v1", `previous`, and every other field of `event` but the hash
/// itself, each length-prefixed (u32, big-endian; an absent prev_event_id is length 0).
ChainHash chain_hash(const ChainHash& previous, const AuditEvent& event);

/// Sets sequence, prev_event_id and integrity_hash of `event` to follow `head`; moves the head. An
/// event that is older than the head's takes the head's time: in a chain time never goes back.
void link(ChainHead& head, AuditEvent& event);

/// Walks a chain in sequence order and finds the first event that does not fit.
class ChainVerifier {
 public:
  /// Starts after `head` (an empty head: at the chain's beginning).
  explicit ChainVerifier(ChainHead head = {}) : head_(head) {}

  /// False when the event's sequence, link or hash is wrong; the verifier then stays broken.
  bool accept(const AuditEvent& event);

  [[nodiscard]] bool valid() const { return !broken_at_.has_value(); }
  [[nodiscard]] std::optional<Uuid> broken_at() const { return broken_at_; }
  [[nodiscard]] std::int64_t verified() const { return verified_; }
  [[nodiscard]] const ChainHead& head() const { return head_; }

 private:
  ChainHead head_;
  std::optional<Uuid> broken_at_;
  std::int64_t verified_ = 0;
};

}  // namespace oneclaw::domain

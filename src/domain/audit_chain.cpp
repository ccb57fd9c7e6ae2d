#include "domain/audit_chain.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace oneclaw::domain {

namespace {

constexpr std::string_view kLabel = "oneclaw/audit/v1";

/// SHA-256 over length-prefixed fields.
class FieldHash {
 public:
  FieldHash() : context_(thread_context()) {
    if (EVP_DigestInit_ex2(context_, sha256(), nullptr) != 1) fail();
  }

  void field(ByteView bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const std::array<std::uint8_t, 4> prefix{
        static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
        static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    update(prefix);
    update(bytes);
  }
  void field(std::string_view text) { field(as_bytes(text)); }
  void field(std::int64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = bytes.size(); i-- > 0; rest >>= 8U) {
      bytes[i] = static_cast<std::uint8_t>(rest);
    }
    field(bytes);
  }

  ChainHash finish() {
    ChainHash hash{};
    if (EVP_DigestFinal_ex(context_, hash.data(), nullptr) != 1) fail();
    return hash;
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("SHA-256 isn't available"); }

  static const EVP_MD* sha256() {
    static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return digest;
  }
  static EVP_MD_CTX* thread_context() {
    struct Free {
      void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    return context.get();
  }
  void update(ByteView bytes) {
    if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) fail();
  }

  EVP_MD_CTX* context_;
};

}  // namespace

ChainHash chain_hash(const ChainHash& previous, const AuditEvent& event) {
  FieldHash hash;
  hash.field(kLabel);
  hash.field(ByteView(previous));
  hash.field(ByteView(event.id.bytes));
  hash.field(ByteView(event.org_id.bytes));
  hash.field(event.sequence);
  hash.field(event.action);
  hash.field(event.actor_type);
  hash.field(event.actor_id);
  hash.field(event.resource_type);
  hash.field(event.resource_id);
  hash.field(event.details_json);
  hash.field(event.ip_address);
  hash.field(to_micros(event.created_at));
  hash.field(event.prev_event_id ? ByteView(event.prev_event_id->bytes) : ByteView());
  return hash.finish();
}

void link(ChainHead& head, AuditEvent& event) {
  event.sequence = head.sequence + 1;
  event.prev_event_id = head.event_id;
  event.created_at = std::max(event.created_at, head.created_at);
  event.integrity_hash = chain_hash(head.hash, event);
  head = {event.sequence, event.id, event.integrity_hash, event.created_at};
}

bool ChainVerifier::accept(const AuditEvent& event) {
  if (broken_at_) return false;
  if (event.sequence != head_.sequence + 1 || event.prev_event_id != head_.event_id ||
      event.integrity_hash != chain_hash(head_.hash, event)) {
    broken_at_ = event.id;
    return false;
  }
  head_ = {event.sequence, event.id, event.integrity_hash, event.created_at};
  ++verified_;
  return true;
}

}  // namespace oneclaw::domain

#include "crypto/cmek.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

namespace oneclaw::crypto {

namespace {

constexpr std::uint8_t kForm = 0x01;

}  // namespace

bool is_cmek_blob(ByteView blob) {
  return blob.size() >= 1 + kNonceSize + kTagSize && blob.front() == kForm;
}

bool is_cmek_text(std::string_view text) {
  const auto blob = from_base64(text);
  return blob && is_cmek_blob(*blob);
}

std::optional<std::string> parse_fingerprint(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != Digest{}.size()) return std::nullopt;
  return to_hex(*bytes);
}

std::string fingerprint_of(const Key256& key) {
  return to_hex(sha256(key.view()));
}

std::optional<Key256> parse_customer_key(std::string_view base64) {
  Key256 key;
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed = sodium_base642bin(key.data(), Key256::kSize, base64.data(), base64.size(),
                                       nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || size != Key256::kSize || end != base64.data() + base64.size()) {
    return std::nullopt;
  }
  return key;
}

Result<SecureString> rekey_cmek_text(const Key256& from, const Key256& to, std::string_view text) {
  const auto blob = from_base64(text);
  if (!blob || !is_cmek_blob(*blob)) {
    Problem problem = problems::internal();
    problem.code = "decryption-failed";
    return problem;
  }
  TRY(const SecureBytes plain, open(from, ByteView(*blob).subspan(1), {}));
  TRY(const Bytes sealed, seal(to, plain, {}));
  Bytes fresh{kForm};
  fresh.insert(fresh.end(), sealed.begin(), sealed.end());
  return SecureString(to_base64(fresh));
}

}  // namespace oneclaw::crypto

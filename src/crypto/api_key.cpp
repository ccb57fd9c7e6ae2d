#include "crypto/api_key.h"

#include "crypto/key_text.h"
#include "crypto/wiped_array.h"

namespace oneclaw::crypto {
namespace {

constexpr std::size_t kLookupChars = 12;

}  // namespace

NewApiKey generate_api_key(const Key256& hmac_key, std::string_view prefix) {
  WipedArray<Key256::kSize> key;
  randombytes_buf(key.data(), Key256::kSize);
  NewApiKey made;
  made.text.reserve(prefix.size() + kKeyChars);
  made.text.append(prefix);
  append_key_text(made.text, key.view());
  made.lookup = made.text.view().substr(0, prefix.size() + kLookupChars);
  made.mac = hmac_sha256(hmac_key, made.text.bytes());
  return made;
}

std::optional<PresentedApiKey> parse_api_key(const Key256& hmac_key, std::string_view prefix,
                                             std::string_view text) {
  WipedArray<Key256::kSize> key;
  if (!text.starts_with(prefix) || !read_key_text(text.substr(prefix.size()), key.span())) {
    return std::nullopt;
  }
  return PresentedApiKey{.lookup = std::string(text.substr(0, prefix.size() + kLookupChars)),
                         .mac = hmac_sha256(hmac_key, as_bytes(text))};
}

}  // namespace oneclaw::crypto

#include "crypto/key_text.h"

#include <algorithm>

#include "crypto/wiped_array.h"

namespace oneclaw::crypto {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

void append_key_text(SecureString& out, std::span<const std::uint8_t, Key256::kSize> key) {
  WipedArray<kKeyChars + 1> text;
  sodium_bin2base64(text.chars(), kKeyChars + 1, key.data(), key.size(), kVariant);
  out.append({text.chars(), kKeyChars});
}

bool read_key_text(std::string_view text, std::span<std::uint8_t, Key256::kSize> out) {
  if (text.size() != kKeyChars) return false;
  // libsodium 1.0.18 takes every byte from 0x80 up for '_' where char is signed.
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return false;
  }
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, &end,
                           kVariant) == 0 &&
         size == out.size() && end == text.data() + text.size();
}

}  // namespace oneclaw::crypto

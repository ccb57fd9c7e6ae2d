#include "crypto/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <new>

#include "crypto/wiped_array.h"

namespace oneclaw::crypto {

namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::size_t kSha1Bytes = 20;

/// RFC 3986: everything but unreserved characters escaped.
void append_escaped(SecureString& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
}

/// A code of `kTotpDigits` digits as text, with its leading zeros.
std::array<char, kTotpDigits> digits_of(std::uint32_t code) {
  std::array<char, kTotpDigits> text{};
  for (std::size_t i = text.size(); i-- > 0; code /= 10) {
    text[i] = static_cast<char>('0' + code % 10);
  }
  return text;
}

}  // namespace

std::uint32_t hotp(ByteView secret, std::uint64_t counter, int digits) {
  std::array<std::uint8_t, 8> message{};
  for (std::size_t i = message.size(); i-- > 0; counter >>= 8U) {
    message[i] = static_cast<std::uint8_t>(counter & 0xffU);
  }
  WipedArray<kSha1Bytes> mac;
  unsigned size = 0;
  if (HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), message.data(),
           message.size(), mac.data(), &size) == nullptr) {
    throw std::bad_alloc{};
  }
  const std::uint8_t* const bytes = mac.data();
  const std::size_t offset = bytes[kSha1Bytes - 1] & 15U;
  const std::uint32_t truncated =
      (std::uint32_t{bytes[offset] & 0x7fU} << 24U) | (std::uint32_t{bytes[offset + 1]} << 16U) |
      (std::uint32_t{bytes[offset + 2]} << 8U) | std::uint32_t{bytes[offset + 3]};
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  return truncated % modulus;
}

std::int64_t totp_step_of(TimePoint at) {
  return to_unix_seconds(at) / kTotpStep.count();
}

std::optional<std::int64_t> match_totp(ByteView secret, std::string_view code, TimePoint at,
                                       std::int64_t after_step) {
  const std::int64_t current = totp_step_of(at);
  std::optional<std::int64_t> matched;
  for (std::int64_t step = current - 1; step <= current + 1; ++step) {
    const auto expected = digits_of(hotp(secret, static_cast<std::uint64_t>(step)));
    const bool equal = secure_equal(as_bytes({expected.data(), expected.size()}), as_bytes(code));
    if (equal && step > after_step && !matched) matched = step;
  }
  return matched;
}

SecureBytes generate_totp_secret() {
  SecureBytes secret(kTotpSecretBytes);
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

SecureString otpauth_uri(std::string_view issuer, std::string_view account, ByteView secret) {
  SecureString uri("otpauth://totp/");
  append_escaped(uri, issuer);
  uri.push_back(':');
  append_escaped(uri, account);
  uri.append("?secret=");
  uri.append(to_base32(secret).view());
  uri.append("&issuer=");
  append_escaped(uri, issuer);
  uri.append("&algorithm=SHA1&digits=6&period=30");
  return uri;
}

SecureString to_base32(ByteView bytes) {
  SecureString text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8U) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text.push_back(kBase32[(buffer >> (bits - 5)) & 31U]);
  }
  if (bits > 0) text.push_back(kBase32[(buffer << (5 - bits)) & 31U]);
  return text;
}

}  // namespace oneclaw::crypto

#include "crypto/shamir.h"

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/wiped_array.h"

namespace oneclaw::crypto {
namespace {

constexpr std::string_view kPrefix = "ocs_";
constexpr std::size_t kHeadSize = 6;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kBodySize = kHeadSize + Key256::kSize;
constexpr std::size_t kShareSize = kBodySize + kChecksumSize;
constexpr std::size_t kShareChars = 56;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

Problem bad_share(std::string message) {
  return problems::validation("share", std::move(message));
}

}  // namespace

namespace gf256 {

std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (unsigned bit = 0; bit < 8; ++bit) {
    const unsigned taken = 0U - ((static_cast<unsigned>(b) >> bit) & 1U);  // all ones or none
    product ^= shifted & taken;
    const unsigned carry = 0U - ((shifted >> 7U) & 1U);
    shifted = ((shifted << 1U) ^ (0x11BU & carry)) & 0xFFU;
  }
  return static_cast<std::uint8_t>(product);
}

std::uint8_t inverse(std::uint8_t a) {
  // 254 = 0b11111110
  std::uint8_t power = multiply(a, a);
  std::uint8_t result = power;
  for (int bit = 2; bit < 8; ++bit) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

}  // namespace gf256

Result<std::vector<SharePoint>> split_key(const Key256& key, int threshold, int count) {
  std::vector<FieldError> mistakes;
  if (count < 1 || count > kMostShares) {
    mistakes.push_back({"shares", "must be from 1 to " + std::to_string(kMostShares)});
  }
  if (threshold < 1 || threshold > count || (threshold == 1 && count > 1)) {
    mistakes.push_back({"threshold", "must be from 2 (or 1 of 1) to the number of shares"});
  }
  if (!mistakes.empty()) return problems::validation(std::move(mistakes));

  std::vector<Key256> coefficients;  // of x^1, x^2, …; a byte's are at its index
  for (int degree = 1; degree < threshold; ++degree) coefficients.push_back(Key256::random());
  std::vector<SharePoint> points(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < points.size(); ++i) {
    SharePoint& point = points[i];
    point.x = static_cast<std::uint8_t>(i + 1);
    for (std::size_t byte = 0; byte < Key256::kSize; ++byte) {
      std::uint8_t value = 0;  // Horner's rule
      for (std::size_t term = coefficients.size(); term-- > 0;) {
        value = gf256::multiply(value ^ coefficients[term].view()[byte], point.x);
      }
      point.y.data()[byte] = value ^ key.view()[byte];
    }
  }
  return points;
}

Result<Key256> interpolate(const std::vector<SharePoint>& points, std::uint8_t x) {
  Key256 value;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::uint8_t weight = 1;  // the basis polynomial of point i at x
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (i == j) continue;
      if (points[i].x == points[j].x) return bad_share("was given twice");
      weight = gf256::multiply(
          weight, gf256::multiply(x ^ points[j].x, gf256::inverse(points[i].x ^ points[j].x)));
    }
    for (std::size_t byte = 0; byte < Key256::kSize; ++byte) {
      value.data()[byte] ^= gf256::multiply(points[i].y.view()[byte], weight);
    }
  }
  return value;
}

SecureString to_text(const Share& share) {
  WipedArray<kShareSize> bytes;
  for (std::size_t i = 0; i < 4; ++i) {
    bytes.data()[i] = static_cast<std::uint8_t>(share.set >> (24 - 8 * i));
  }
  bytes.data()[4] = share.threshold;
  bytes.data()[5] = share.point.x;
  std::copy_n(share.point.y.view().data(), Key256::kSize, bytes.data() + kHeadSize);
  const Digest digest = sha256(bytes.view().first(kBodySize));
  std::copy_n(digest.begin(), kChecksumSize, bytes.data() + kBodySize);
  WipedArray<kShareChars + 1> text;
  sodium_bin2base64(text.chars(), kShareChars + 1, bytes.data(), kShareSize, kVariant);
  SecureString out(kPrefix);
  out.append({text.chars(), kShareChars});
  return out;
}

Result<Share> share_from_text(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  if (text.size() != kPrefix.size() + kShareChars || !text.starts_with(kPrefix)) {
    return bad_share("must be " + std::string(kPrefix) + " and 56 characters");
  }
  text.remove_prefix(kPrefix.size());
  WipedArray<kShareSize> bytes;
  std::size_t size = 0;
  // libsodium 1.0.18 takes every byte from 0x80 up for '_' where char is signed.
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) ||
      sodium_base642bin(bytes.data(), kShareSize, text.data(), text.size(), nullptr, &size, nullptr,
                        kVariant) != 0 ||
      size != kShareSize) {
    return bad_share("has a character that no share has");
  }
  const Digest digest = sha256(bytes.view().first(kBodySize));
  if (!secure_equal(bytes.view().last(kChecksumSize), ByteView(digest).first(kChecksumSize))) {
    return bad_share("is mistyped: its checksum doesn't fit");
  }
  Share share;
  for (std::size_t i = 0; i < 4; ++i) share.set = share.set << 8U | bytes.view()[i];
  share.threshold = bytes.view()[4];
  share.point.x = bytes.view()[5];
  if (share.threshold == 0 || share.point.x == 0) return bad_share("is malformed");
  share.point.y = Key256(bytes.view().subspan(kHeadSize, Key256::kSize));
  return share;
}

}  // namespace oneclaw::crypto

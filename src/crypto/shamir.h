// Shamir's secret sharing of a 256-bit key over GF(2^8) (A. Shamir, "How to share a secret", 1979).
// The field is that of AES (x^8 + x^4 + x^3 + x + 1). Each byte of the key is the value at 0 of a
// random polynomial of degree k - 1 of its own; share i holds the values at i. No tables are looked
// up, so no time or cache line depends on a secret.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

namespace gf256 {
/// The product in the field, in constant time.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b);
/// a^254: the inverse; 0 for 0. Constant time.
std::uint8_t inverse(std::uint8_t a);
}  // namespace gf256

/// A point of every byte's polynomial.
struct SharePoint {
  std::uint8_t x = 0;  ///< 1 to 255
  Key256 y;
};

inline constexpr int kMostShares = 64;

/// Splits `key` so that any `threshold` of the `count` shares give it back, and fewer tell nothing
/// about it. 400 unless 1 <= threshold <= count <= kMostShares, and 1 < threshold when 1 < count
/// (every share would be the key itself).
Result<std::vector<SharePoint>> split_key(const Key256& key, int threshold, int count);

/// The value at `x` of the polynomials through `points` (Lagrange); at 0, the key. 400 when two
/// points have the same x. Whether the points were enough, and right, doesn't show: open something
/// with the outcome.
Result<Key256> interpolate(const std::vector<SharePoint>& points, std::uint8_t x = 0);

/// A share as its keeper has it.
struct Share {
  std::uint32_t set = 0;  ///< random: shares of different splits don't mix
  std::uint8_t threshold = 0;
  SharePoint point;
};

/// `ocs_` and 56 base64url characters: set (4 bytes), threshold, x, y (32), checksum (4: of
/// SHA-256 over what comes before, so that a slip of the pen is seen at once).
SecureString to_text(const Share& share);
/// 400 "share" for anything else; surrounding white space is passed over.
Result<Share> share_from_text(std::string_view text);

}  // namespace oneclaw::crypto

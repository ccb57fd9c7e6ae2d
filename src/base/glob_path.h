// Secret paths and the globs that policies match them with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oneclaw {

inline constexpr std::size_t kMaxSecretPathBytes = 512;
inline constexpr std::size_t kMaxSecretPathSegments = 32;

/// Checks a decoded secret path: 1-512 bytes of UTF-8, 1-32 segments parted by `/`, none empty,
/// none `.` or `..`, no control character, none of `* ? [ ] { } \ # %`, no space at a segment's
/// ends. The problem is a 400 that names `field`.
Result<void> validate_secret_path(std::string_view path, std::string_view field = "path");

/// A list prefix: empty, or what a valid path can start with, so it may end in `/` or in the middle
/// of a segment. The problem is a 400 that names `field`.
Result<void> validate_secret_prefix(std::string_view prefix, std::string_view field = "prefix");

/// A compiled glob over secret paths.
///   `*`  matches any run of characters inside one segment (so a lone `*` is one segment);
///   `**` as a whole segment matches any depth: zero or more segments at the head or in the
///        middle, one or more at the tail (`prod/**` does not match `prod`); alone, every path.
/// Matching is linear in the path for each `**`; no recursion, no allocation.
class GlobPath {
 public:
  /// 400 that names `field` when the pattern isn't a path of the form above.
  static Result<GlobPath> compile(std::string_view pattern,
                                  std::string_view field = "secret_path_pattern");

  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  /// The part before the first wildcard: every match starts with it.
  [[nodiscard]] std::string_view literal_prefix() const;

 private:
  std::string pattern_;
};

}  // namespace oneclaw

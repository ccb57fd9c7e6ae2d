// Finds secret values in text, in clear and in the encodings that they travel in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/secure.h"

namespace oneclaw {

/// A decoded form of a text: byte i comes from the source bytes [from[i], to[i]).
struct DecodedText {
  SecureString text;
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
};

/// Looks for many values at once, in time linear in the text. A value is found as it is, in hex of
/// either case, in base64 (RFC 4648 §4 and §5, at each of the three alignments it can have inside
/// a longer encoding), percent-encoded (RFC 3986, and with `+` for a space), JSON-escaped
/// (RFC 8259), broken over lines, and in each of these inside another. A value that isn't ASCII is
/// found too where its UTF-8 was taken for Latin-1 on the way, as happens to headers.
class SecretFinder {
 public:
  /// Shorter values can't be told from chance, so add() refuses them.
  static constexpr std::size_t kLeastBytes = 4;

  struct Match {
    std::size_t at = 0;
    std::size_t size = 0;
    std::size_t label = 0;
  };

  SecretFinder() : starts_(1U << 16U, false) {}

  /// `label` comes back in the matches. White space at the value's end is left aside, for it is
  /// easily lost on the way. False when less than kLeastBytes are left.
  bool add(std::string_view value, std::size_t label);

  /// In order, none over another.
  [[nodiscard]] std::vector<Match> find(std::string_view text) const;

  struct Redacted {
    SecureString text;
    std::size_t count = 0;
  };
  /// `text` with `mask` in place of each match. When the text was `cut` off at its end, so is the
  /// tail in which a value, as long as an encoding can make it, may have begun.
  [[nodiscard]] Redacted redact(std::string_view text, bool cut = false) const;

 private:
  struct Needle {
    SecureString text;
    std::size_t label = 0;
    bool base64_before = false;  ///< the character before holds bits of the value too
    bool base64_after = false;
  };

  void add_needle(SecureString text, std::size_t label, bool before = false, bool after = false);
  void add_base64(std::string_view value, std::size_t label);
  void add_forms(std::string_view value, std::size_t label);
  void find_plain(std::string_view text, std::vector<Match>& matches) const;
  /// In the text and, while `depth` lasts, in every decoded form of it.
  void find_nested(std::string_view text, int depth, std::vector<Match>& matches) const;
  void find_decoded(const DecodedText& decoded, int depth, std::vector<Match>& matches) const;
  static std::uint32_t start_of(const char* text);

  std::vector<Needle> needles_;
  std::unordered_multimap<std::uint32_t, std::size_t> by_start_;  ///< first four bytes
  std::vector<bool> starts_;                                      ///< a filter over by_start_
  std::size_t longest_ = 0;                                       ///< bytes of the longest value
};

}  // namespace oneclaw

// Well-known key formats, found without a regex: each is a prefix and a run of characters.
#pragma once

#include <string_view>
#include <vector>

namespace oneclaw::cli {

struct FoundKey {
  std::size_t at = 0;
  std::size_t size = 0;
  std::string_view what;
};

/// The keys in one line of text. A key must not go on from a word before it.
std::vector<FoundKey> find_keys(std::string_view line);

}  // namespace oneclaw::cli

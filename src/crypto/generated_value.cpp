#include "crypto/generated_value.h"

#include <array>
#include <utility>

namespace oneclaw::crypto {

namespace {

struct NamedSet {
  std::string_view name;
  std::string_view characters;
};

constexpr std::array<NamedSet, 4> kSets{{
    {"hex", "0123456789abcdef"},
    {"base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
    {"alphanumeric", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"},
    {"ascii",
     "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz"
     "{|}~"},
}};

const NamedSet& set_of(Charset charset) {
  return kSets.at(static_cast<std::size_t>(charset));
}

}  // namespace

std::optional<Charset> parse_charset(std::string_view name) {
  for (std::size_t i = 0; i < kSets.size(); ++i) {
    if (kSets.at(i).name == name) return static_cast<Charset>(i);
  }
  return std::nullopt;
}

std::string_view to_string(Charset charset) {
  return set_of(charset).name;
}

SecureString generate_value(Charset charset, std::size_t length) {
  const std::string_view characters = set_of(charset).characters;
  SecureString value;
  value.resize(length);
  for (std::size_t i = 0; i < length; ++i) {
    value.data()[i] =
        characters[randombytes_uniform(static_cast<std::uint32_t>(characters.size()))];
  }
  return value;
}

}  // namespace oneclaw::crypto

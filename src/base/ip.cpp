#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <vector>

namespace oneclaw {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;  // a mapped block's prefix counts these too

int bits_of(const IpAddress& address) {
  return address.v6 ? 128 : 32;
}

bool bit_at(const IpAddress& address, int index) {
  const unsigned byte = address.bytes[static_cast<std::size_t>(index / 8)];
  return ((byte >> (7 - index % 8)) & 1U) != 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string name(text);
  if (name.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET, name.c_str(), address.bytes.data()) == 1) return address;
  address.bytes.fill(0);
  if (inet_pton(AF_INET6, name.c_str(), address.bytes.data()) != 1) return std::nullopt;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    IpAddress mapped;
    std::copy_n(address.bytes.begin() + 12, 4, mapped.bytes.begin());
    return mapped;
  }
  address.v6 = true;
  return address;
}

std::string IpAddress::to_string() const {
  if (!v6) {  // inet_ntop() goes by way of printf
    std::string dotted;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) dotted += '.';
      std::array<char, 3> digits{};
      dotted.append(digits.data(),
                    std::to_chars(digits.data(), digits.data() + digits.size(), bytes[i]).ptr);
    }
    return dotted;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

bool is_public(const IpAddress& address) {
  static const auto blocks = [](std::initializer_list<std::string_view> names) {
    std::vector<Cidr> parsed;
    for (const std::string_view name : names) parsed.push_back(Cidr::parse(name).value());
    return parsed;
  };
  static const std::vector<Cidr> kSpecial4 =
      blocks({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
              "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
              "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  static const Cidr kGlobal6 = Cidr::parse("2000::/3").value();
  static const std::vector<Cidr> kSpecial6 =
      blocks({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});
  const auto has_it = [&](const Cidr& block) { return block.contains(address); };
  if (!address.v6) return std::ranges::none_of(kSpecial4, has_it);
  return kGlobal6.contains(address) && std::ranges::none_of(kSpecial6, has_it);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  Cidr block{*base, bits_of(*base)};
  if (slash == std::string_view::npos) return block;
  const std::string_view prefix = text.substr(slash + 1);
  if (prefix.empty() || prefix.size() > 3 || (prefix.size() > 1 && prefix[0] == '0')) {
    return std::nullopt;
  }
  const char* const last = prefix.data() + prefix.size();
  const auto [end, error] = std::from_chars(prefix.data(), last, block.prefix);
  if (error != std::errc{} || end != last) return std::nullopt;
  const bool mapped = !base->v6 && text.find(':') != std::string_view::npos;
  if (mapped) block.prefix -= kMappedBits;
  if (block.prefix < 0 || block.prefix > bits_of(*base)) return std::nullopt;
  for (int bit = block.prefix; bit < bits_of(*base); ++bit) {
    if (bit_at(*base, bit)) return std::nullopt;
  }
  return block;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.v6 != base.v6) return false;
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + prefix / 8, address.bytes.begin())) {
    return false;
  }
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto shift = static_cast<unsigned>(8 - rest);
  return (base.bytes[whole] >> shift) == (address.bytes[whole] >> shift);
}

std::string Cidr::to_string() const {
  return base.to_string() + "/" + std::to_string(prefix);
}

bool any_contains(const std::vector<Cidr>& blocks, const IpAddress& address) {
  return std::ranges::any_of(blocks, [&](const Cidr& block) { return block.contains(address); });
}

}  // namespace oneclaw

// IP addresses and CIDR blocks (RFC 4632, RFC 4291).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oneclaw {

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is held as IPv4.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< an IPv4 address uses the first four
  bool v6 = false;

  static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// Whether the address is one of the public Internet: no loopback, private, link-local, shared,
/// documentation, benchmark, multicast or reserved one (RFC 6890 and the IANA registries), nor one
/// that embeds an IPv4 address (6to4, Teredo, NAT64).
bool is_public(const IpAddress& address);

struct Cidr {
  IpAddress base;
  int prefix = 0;  ///< 0-32 for v4, 0-128 for v6

  /// `10.0.0.0/8`, `2001:db8::/32` or a bare address (a block of one). Host bits must be zero.
  static std::optional<Cidr> parse(std::string_view text);
  /// Blocks match addresses of their own family alone.
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string to_string() const;
};

/// Whether one of the blocks contains the address.
bool any_contains(const std::vector<Cidr>& blocks, const IpAddress& address);

}  // namespace oneclaw

#include "http/client_address.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace oneclaw::http {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

IpAddress to_ip_address(const boost::asio::ip::address& address) {
  IpAddress out;
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
  }
  const auto bytes = address.to_v6().to_bytes();
  if (address.to_v6().is_v4_mapped()) {
    std::copy(bytes.begin() + 12, bytes.end(), out.bytes.begin());
    return out;
  }
  out.v6 = true;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

bool is_trusted(std::span<const Cidr> trusted, const IpAddress& address) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&address](const Cidr& block) { return block.contains(address); });
}

IpAddress client_address(const IpAddress& peer, const Request& request,
                         std::span<const Cidr> trusted) {
  IpAddress client = peer;
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (!boost::beast::iequals({header->first.data(), header->first.size()}, "X-Forwarded-For")) {
      continue;
    }
    std::string_view rest = header->second;
    for (;;) {
      if (!is_trusted(trusted, client)) return client;
      const std::size_t comma = rest.rfind(',');
      const bool last = comma == std::string_view::npos;
      const auto entry = IpAddress::parse(trim(last ? rest : rest.substr(comma + 1)));
      if (!entry) return client;
      client = *entry;
      if (last) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace oneclaw::http

// Whose address a request comes from.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <span>

#include "base/ip.h"
#include "http/message.h"

namespace oneclaw::http {

/// An IPv4-mapped address becomes IPv4.
IpAddress to_ip_address(const boost::asio::ip::address& address);

bool is_trusted(std::span<const Cidr> trusted, const IpAddress& address);

/// `peer`, unless it is trusted and X-Forwarded-For names the client: then the rightmost address
/// there that is not a trusted proxy. An entry that is no address ends the search at the one to
/// its right.
IpAddress client_address(const IpAddress& peer, const Request& request,
                         std::span<const Cidr> trusted);

}  // namespace oneclaw::http

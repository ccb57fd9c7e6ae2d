// POST /mcp: the Model Context Protocol over Streamable HTTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/pipeline.h"
#include "http/router.h"

namespace oneclaw::server {

/// `https://host:port` of a URL: what a browser names in `Origin` (RFC 6454).
std::string origin_of(std::string_view url);

/// Adds the route. Stateless: no session, no stream of the server's own (GET is 405), each message
/// answered as JSON. A tool's calls run through the same router and pipeline as any request, with
/// the same token, address and request id. `X-Vault-ID` names the vault that is meant when a call
/// names none. A request with an `Origin` is refused (403) unless it is a loopback one or one of
/// `origins`: so says the specification, against DNS rebinding.
void add_mcp_route(http::Router& router, http::PipelineHooks& hooks,
                   std::vector<std::string> origins);

}  // namespace oneclaw::server

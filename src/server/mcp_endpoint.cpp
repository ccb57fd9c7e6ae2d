#include "server/mcp_endpoint.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/wiping_json.h"
#include "mcp/protocol.h"

namespace oneclaw::server {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// The problem that an answer's body holds.
Problem read_problem(const http::Response& response) {
  Problem problem = problems::internal();
  problem.status = response.status;
  boost::system::error_code error;
  const json::value body = json::parse(response.body.view(), error);
  if (error || !body.is_object()) return problem;
  problem.detail = mcp::text_member(body, "detail");
  const std::string type = mcp::text_member(body, "type");
  problem.code = type.substr(type.rfind(':') + 1);
  if (const json::value* const fields = body.get_object().if_contains("fields");
      fields != nullptr && fields->is_array()) {
    for (const json::value& field : fields->get_array()) {
      problem.fields.push_back(
          {mcp::text_member(field, "field"), mcp::text_member(field, "message")});
    }
  }
  for (const auto& [name, value] : response.headers) {
    if (name == "Retry-After") problem.retry_after_seconds = std::atoi(value.c_str());
  }
  return problem;
}

/// A call becomes a request like any other, of the caller who sent the message.
class LocalApi final : public mcp::Api {
 public:
  LocalApi(const http::Router& router, http::PipelineHooks& hooks, const http::Request& outer)
      : router_(router),
        hooks_(hooks),
        outer_(outer),
        authorization_(outer.header("Authorization").value_or("")) {}

  asio::awaitable<Result<json::value>> call(mcp::ApiCall call) override {
    http::Request request;
    request.method_name = call.method;
    request.method = http::parse_method(call.method);
    request.target = call.path;
    request.raw_path = std::string_view(call.path).substr(0, call.path.find('?'));
    request.headers.emplace_back("Authorization", authorization_.view());
    request.caller.address = outer_.caller.address;
    request.caller.request_id = outer_.caller.request_id;
    if (!call.body.is_null()) {
      const SecureString body = to_secure_json(call.body);
      request.body_.assign(body.bytes().begin(), body.bytes().end());
    }
    const http::Response response = co_await http::run_pipeline(router_, hooks_, request);
    if (response.status >= 400) co_return read_problem(response);
    if (response.body.empty()) co_return json::value(nullptr);
    boost::system::error_code error;
    json::value value = json::parse(response.body.view(), error, wiping_storage());
    if (error) co_return problems::internal();
    co_return std::move(value);
  }

 private:
  const http::Router& router_;
  http::PipelineHooks& hooks_;
  const http::Request& outer_;
  SecureString authorization_;
};

bool is_loopback_origin(std::string_view origin) {
  for (const std::string_view start : {"http://localhost", "http://127.0.0.1", "http://[::1]",
                                       "https://localhost", "https://127.0.0.1", "https://[::1]"}) {
    if (!origin.starts_with(start)) continue;
    const std::string_view port = origin.substr(start.size());
    if (port.empty() || port.front() == ':') return true;
  }
  return false;
}

http::Response json_response(int status, const json::value& body) {
  http::Response response;
  response.status = status;
  response.body = to_secure_json(body);
  response.no_store = true;  // a tool may have given a secret
  return response;
}

Result<void> check_head(const http::Request& request, const std::vector<std::string>& origins) {
  if (const auto origin = request.header("Origin");
      origin && !is_loopback_origin(*origin) &&
      std::ranges::find(origins, *origin) == origins.end()) {
    return problems::forbidden("Pages of this origin may not call the MCP endpoint.");
  }
  if (const auto version = request.header("MCP-Protocol-Version");
      version && !mcp::is_protocol_version(*version)) {
    return problems::validation("MCP-Protocol-Version",
                                "is none that this server speaks; the newest is " +
                                    std::string(mcp::kProtocolVersions.front()));
  }
  return {};
}

asio::awaitable<Result<http::Response>> answer(const http::Router& router,
                                               http::PipelineHooks& hooks,
                                               const std::vector<std::string>& origins,
                                               http::Request& request) {
  CO_CHECK_OK(check_head(request, origins));
  boost::system::error_code failure;
  const json::value message = json::parse(as_text(request.body()), failure, wiping_storage());
  // What a message makes happen is on record by its own inner request; the envelope has no event.
  request.caller.audited = true;
  if (failure) co_return json_response(400, mcp::parse_error());
  LocalApi api(router, hooks, request);
  mcp::ToolContext context{api, std::string(request.header("X-Vault-ID").value_or("")), false};
  const std::optional<json::value> reply = co_await mcp::answer_message(context, message);
  if (reply) co_return json_response(200, *reply);
  http::Response accepted;
  accepted.status = 202;
  co_return std::move(accepted);
}

}  // namespace

std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find('/', scheme + 3)));
}

void add_mcp_route(http::Router& router, http::PipelineHooks& hooks,
                   std::vector<std::string> origins) {
  router.add({.method = http::Method::kPost,
              .pattern = "/mcp",
              .access = http::Access::kPrincipal,
              .action = "mcp.message",
              .scope = {},
              .handler = [&router, &hooks, origins = std::move(origins)](http::Request& request) {
                return answer(router, hooks, origins, request);
              }});
}

}  // namespace oneclaw::server

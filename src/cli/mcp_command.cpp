// mcp: the MCP server on standard input and output
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <exception>
#include <iostream>

#include "base/wiping_json.h"
#include "cli/context.h"
#include "mcp/protocol.h"

namespace oneclaw::cli {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t kMostMessageBytes = 4U * 1024 * 1024;

/// Calls go out one at a time, as the messages come in.
class RemoteApi final : public mcp::Api {
 public:
  explicit RemoteApi(Client& client) : client_(client) {}
  asio::awaitable<Result<json::value>> call(mcp::ApiCall call) override {
    co_return call.body.is_null() ? client_.call(call.method, call.path)
                                  : client_.call(call.method, call.path, call.body);
  }

 private:
  Client& client_;
};

void send(const json::value& message) {
  const SecureString text = to_secure_json(message);
  std::cout << text.view() << "\n" << std::flush;
}

void answer_line(mcp::ToolContext& context, std::string_view line) {
  boost::system::error_code failure;
  const json::value message = json::parse(line, failure, wiping_storage());
  if (failure) return send(mcp::parse_error());
  asio::io_context loop;
  asio::co_spawn(loop, mcp::answer_message(context, message),
                 [](const std::exception_ptr& error, std::optional<json::value> answer) {
                   if (error) std::rethrow_exception(error);
                   if (answer) send(*answer);
                 });
  loop.run();
}

/// A message a line, each without a line feed in it (MCP, transports, stdio).
Result<int> serve_mcp(Context& context, NoOptions& /*options*/) {
  RemoteApi api(context.client());
  mcp::ToolContext tools{api, context.vault_option, true};
  if (tools.vault.empty()) tools.vault = environment("ONECLAW_VAULT_ID").value_or("");
  if (tools.vault.empty()) tools.vault = context.settings().get("default-vault").value_or("");
  SecureString line;
  for (int c = std::cin.get(); c != std::char_traits<char>::eof(); c = std::cin.get()) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
      if (line.size() > kMostMessageBytes) {
        return problems::bad_request("A message has more than 4 MiB.");
      }
      continue;
    }
    if (line.view().find_first_not_of(" \t\r") != std::string_view::npos) {
      answer_line(tools, line.view());
    }
    line.clear();
    if (!std::cout) break;  // the client has gone
  }
  return kDone;
}

}  // namespace

void add_mcp_command(CLI::App& app, Context& context) {
  add_command<NoOptions>(
      app, context, "mcp",
      "Serve agents on standard input and output, by the Model Context Protocol. Credentials and "
      "vault come from the ONECLAW_ variables or the signed-in session.",
      no_options, serve_mcp);
}

}  // namespace oneclaw::cli

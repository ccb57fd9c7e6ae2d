#include "mcp/protocol.h"

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <vector>

#include "base/wiping_json.h"

namespace oneclaw::mcp {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// JSON-RPC 2.0 §5.1
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kInternalError = -32603;

constexpr std::string_view kInstructions =
    "oneclaw keeps secrets and lets you use them by policy. Call list_secrets to see what you may "
    "read. To use a secret, prefer http_request (and run_command, where there is one): they work "
    "without showing you the value. Take a value with get_secret only when nothing else will do, "
    "and never repeat it. Every call is on record.";

json::value error_message(const json::value& id, int code, std::string_view text) {
  return json::object{
      {"jsonrpc", "2.0"}, {"id", id}, {"error", json::object{{"code", code}, {"message", text}}}};
}

json::value result_message(const json::value& id, json::value result) {
  json::object message(wiping_storage());
  message["jsonrpc"] = "2.0";
  message["id"] = id;
  message["result"] = std::move(result);
  return message;
}

std::vector<const Tool*> tools_of(const ToolContext& context) {
  std::vector<const Tool*> tools;
  for (const auto list : {secret_tools(), vault_tools(), sharing_tools(), use_tools()}) {
    for (const Tool& tool : list) {
      if (!tool.local || context.runs_commands) tools.push_back(&tool);
    }
  }
  return tools;
}

json::object describe(const Tool& tool) {
  json::object annotations{
      {"title", tool.title}, {"readOnlyHint", tool.read_only}, {"openWorldHint", tool.open_world}};
  if (!tool.read_only) {
    annotations["destructiveHint"] = tool.destructive;
    annotations["idempotentHint"] = tool.idempotent;
  }
  return {{"name", tool.name},
          {"title", tool.title},
          {"description", tool.description},
          {"inputSchema", json::parse(tool.input_schema)},
          {"annotations", std::move(annotations)}};
}

json::value initialize(const json::value& params) {
  const std::string asked = text_member(params, "protocolVersion");
  return json::object{
      {"protocolVersion", is_protocol_version(asked) ? asked : kProtocolVersions.front()},
      {"capabilities", json::object{{"tools", json::object{{"listChanged", false}}}}},
      {"serverInfo", json::object{{"name", "oneclaw"},
                                  {"title", "oneclaw secrets manager"},
                                  {"version", ONECLAW_VERSION}}},
      {"instructions", kInstructions}};
}

json::value list_tools(const ToolContext& context) {
  json::array tools;
  for (const Tool* tool : tools_of(context)) tools.emplace_back(describe(*tool));
  return json::object{{"tools", std::move(tools)}};
}

json::object text_content(std::string_view text) {
  json::object content(wiping_storage());
  content["type"] = "text";
  content["text"] = text;
  return content;
}

json::value success(const json::value& value) {
  json::object result(wiping_storage());
  json::object whole(wiping_storage());
  if (!value.is_object()) whole["result"] = value;
  const json::value shown(value.is_object() ? value.get_object() : whole, wiping_storage());
  result["content"].emplace_array().emplace_back(text_content(to_secure_json(shown).view()));
  result["structuredContent"] = shown;
  result["isError"] = false;
  return result;
}

/// A failure that the agent is to read and act on.
json::value failure(const Tool& tool, const Problem& problem) {
  std::string text = problem.detail;
  for (const FieldError& error : problem.fields)
    text += " " + error.field + " " + error.message + ".";
  const std::string next = next_step(tool, problem);
  if (!next.empty()) text += " " + next;
  json::array fields;
  for (const FieldError& error : problem.fields) {
    fields.push_back(json::object{{"field", error.field}, {"message", error.message}});
  }
  json::object error{{"status", problem.status},
                     {"code", problem.code},
                     {"detail", problem.detail},
                     {"fields", std::move(fields)},
                     {"next_step", next}};
  if (problem.retry_after_seconds) error["retry_after_seconds"] = *problem.retry_after_seconds;
  return json::object{{"content", json::array{text_content(text)}},
                      {"structuredContent", json::object{{"error", std::move(error)}}},
                      {"isError", true}};
}

/// nullopt: no such tool.
asio::awaitable<std::optional<json::value>> call_tool(ToolContext& context,
                                                      const json::value& params) {
  const std::string name = text_member(params, "name");
  const auto tools = tools_of(context);
  const auto found =
      std::ranges::find_if(tools, [&](const Tool* tool) { return tool->name == name; });
  if (found == tools.end()) co_return std::nullopt;
  const Tool& tool = **found;
  const json::value* const given = params.get_object().if_contains("arguments");
  const json::object none;
  if (given != nullptr && !given->is_object() && !given->is_null()) {
    co_return failure(tool, problems::validation("arguments", "must be an object"));
  }
  Arguments arguments(given != nullptr && given->is_object() ? given->get_object() : none);
  const Result<json::value> result = co_await tool.run(context, arguments);
  co_return result.ok() ? success(*result) : failure(tool, result.problem());
}

asio::awaitable<json::value> answer_request(ToolContext& context, const json::value& id,
                                            std::string_view method, const json::value& params) {
  if (method == "initialize") co_return result_message(id, initialize(params));
  if (method == "ping") co_return result_message(id, json::object());
  if (method == "tools/list") co_return result_message(id, list_tools(context));
  if (method != "tools/call") {
    co_return error_message(id, kMethodNotFound, "This server has no such method.");
  }
  if (!params.is_object()) co_return error_message(id, kInvalidParams, "params must be an object.");
  std::optional<json::value> result = co_await call_tool(context, params);
  if (!result) {
    co_return error_message(id, kInvalidParams, "Unknown tool: call tools/list to see them.");
  }
  co_return result_message(id, std::move(*result));
}

asio::awaitable<std::optional<json::value>> answer_one(ToolContext& context,
                                                       const json::value& message) {
  const json::object* const object = message.if_object();
  if (object == nullptr || text_member(message, "jsonrpc") != "2.0") {
    co_return error_message(nullptr, kInvalidRequest, "This is no JSON-RPC 2.0 message.");
  }
  const json::value* const id = object->if_contains("id");
  const json::value* const method = object->if_contains("method");
  if (method == nullptr) {
    // A response: we have asked for nothing.
    if (object->contains("result") || object->contains("error")) co_return std::nullopt;
    co_return error_message(id != nullptr ? *id : nullptr, kInvalidRequest, "method is missing.");
  }
  if (!method->is_string() || (id != nullptr && !id->is_string() && !id->is_number())) {
    co_return error_message(nullptr, kInvalidRequest, "method or id is of the wrong type.");
  }
  if (id == nullptr) co_return std::nullopt;  // a notification
  const json::value* const params = object->if_contains("params");
  const json::value none = json::object();
  bool failed = false;
  try {
    co_return co_await answer_request(context, *id, method->get_string(),
                                      params != nullptr ? *params : none);
  } catch (const std::exception&) {
    failed = true;  // an answer of the API's in another shape than this version knows
  }
  (void)failed;
  co_return error_message(*id, kInternalError, "The API's answer can't be read.");
}

}  // namespace

bool is_protocol_version(std::string_view version) {
  return std::ranges::find(kProtocolVersions, version) != kProtocolVersions.end();
}

json::value parse_error() {
  return error_message(nullptr, kParseError, "This is no JSON.");
}

asio::awaitable<std::optional<json::value>> answer_message(ToolContext& context,
                                                           const json::value& message) {
  constexpr std::size_t kMostInBatch = 64;
  if (!message.is_array()) co_return co_await answer_one(context, message);
  const json::array& batch = message.get_array();
  if (batch.empty() || batch.size() > kMostInBatch) {
    co_return error_message(nullptr, kInvalidRequest, "A batch has 1 to 64 messages.");
  }
  json::array answers(wiping_storage());
  for (const json::value& item : batch) {
    std::optional<json::value> answer = co_await answer_one(context, item);
    if (answer) answers.push_back(std::move(*answer));
  }
  if (answers.empty()) co_return std::nullopt;
  co_return json::value(std::move(answers));
}

}  // namespace oneclaw::mcp

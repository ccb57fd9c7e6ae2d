// list_secrets, describe_secret, get_secret, put_secret, delete_secret
#include <array>
#include <boost/json.hpp>

#include "base/glob_path.h"
#include "base/percent_encode.h"
#include "base/wiping_json.h"
#include "mcp/tools.h"

namespace oneclaw::mcp {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// `/v1/vaults/ID/KIND/PATH` of the arguments `vault` and `path`.
asio::awaitable<Result<std::string>> secret_path(ToolContext& context, Arguments& arguments,
                                                 std::string_view kind) {
  const auto vault = arguments.text("vault");
  const std::string path = arguments.required_text("path");
  CO_CHECK_OK(arguments.check());
  CO_CHECK_OK(validate_secret_path(path));
  CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
  co_return "/v1/vaults/" + vault_id + "/" + std::string(kind) + "/" + encode_path(path);
}

ToolResult list_secrets(ToolContext& context, Arguments& arguments) {
  const auto vault = arguments.text("vault");
  const auto prefix = arguments.text("prefix");
  const auto cursor = arguments.text("cursor");
  const std::int64_t limit = arguments.integer("limit", 1, 1000).value_or(100);
  CO_CHECK_OK(arguments.check());
  CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
  std::string path = "/v1/vaults/" + vault_id + "/secrets?limit=" + std::to_string(limit);
  if (prefix) path += "&prefix=" + percent_encode(*prefix);
  if (cursor) path += "&cursor=" + percent_encode(*cursor);
  co_return co_await context.api.call({"GET", path, nullptr});
}

ToolResult describe_secret(ToolContext& context, Arguments& arguments) {
  CO_TRY(const std::string path, co_await secret_path(context, arguments, "secret-versions"));
  CO_TRY(const json::value answer, co_await context.api.call({"GET", path, nullptr}));
  const json::array& versions = answer.at("versions").as_array();
  if (versions.empty()) co_return problems::not_found("No secret at that path.");
  json::object secret = versions.front().as_object();
  secret["versions"] = versions.size();
  co_return json::value(std::move(secret));
}

ToolResult get_secret(ToolContext& context, Arguments& arguments) {
  const auto version = arguments.integer("version", 1, 1'000'000'000);
  CO_TRY(std::string path,
         co_await secret_path(context, arguments, version ? "secret-version" : "secrets"));
  if (version) path += "/" + std::to_string(*version);
  co_return co_await context.api.call({"GET", path, nullptr});
}

ToolResult put_secret(ToolContext& context, Arguments& arguments) {
  json::object body(wiping_storage());
  if (!arguments.has("value")) arguments.mistake("value", "is needed");
  for (const char* name : {"value", "type", "metadata", "expires_at", "max_access_count"}) {
    arguments.copy(body, name);
  }
  CO_TRY(const std::string path, co_await secret_path(context, arguments, "secrets"));
  co_return co_await context.api.call({"PUT", path, std::move(body)});
}

ToolResult delete_secret(ToolContext& context, Arguments& arguments) {
  CO_TRY(const std::string path, co_await secret_path(context, arguments, "secrets"));
  CO_TRY(const json::value answer, co_await context.api.call({"DELETE", path, nullptr}));
  co_return json::value(json::object{{"deleted", true}});
}

constexpr std::array<Tool, 5> kTools{{
    {.name = "list_secrets",
     .title = "List secrets",
     .description =
         "Lists the secrets that you may read: path, type, version and metadata, never a value. "
         "Start here to learn what there is.",
     .input_schema = R"({"type":"object","additionalProperties":false,"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "prefix":{"type":"string","description":"Only paths that start so, such as prod/db/"},
       "limit":{"type":"integer","minimum":1,"maximum":1000,"default":100},
       "cursor":{"type":"string","description":"next_cursor of the page before"}}})",
     .read_only = true,
     .idempotent = true,
     .run = list_secrets},
    {.name = "describe_secret",
     .title = "Describe a secret",
     .description =
         "Shows a secret's newest version without its value: type, metadata, expiry, who stored "
         "it, how many versions there are.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"}}})",
     .read_only = true,
     .idempotent = true,
     .run = describe_secret},
    {.name = "get_secret",
     .title = "Read a secret",
     .description =
         "Gives a secret's value. Prefer http_request or run_command, which use a secret without "
         "showing it to you. Never repeat a value in an answer, a file or a log.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"},
       "version":{"type":"integer","minimum":1,"description":"The newest when absent"}}})",
     .read_only = true,
     .idempotent = true,
     .run = get_secret},
    {.name = "put_secret",
     .title = "Store a secret",
     .description = "Stores a value at a path, as the next version of the secret there. Older "
                    "versions stay readable.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path","value"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"},
       "value":{"type":"string","description":"At most 512 KiB of text"},
       "type":{"type":"string","enum":["password","api_key","private_key","certificate","file","note","ssh_key","env_bundle","generic"]},
       "metadata":{"type":"object","description":"Kept in clear beside the value: no secrets here"},
       "expires_at":{"type":"string","format":"date-time"},
       "max_access_count":{"type":"integer","minimum":1,"description":"How often this version may be read"}}})",
     .run = put_secret},
    {.name = "delete_secret",
     .title = "Delete a secret",
     .description = "Deletes a secret: whoever uses it fails from now on. Ask your human first.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"}}})",
     .destructive = true,
     .idempotent = true,
     .run = delete_secret},
}};

}  // namespace

std::span<const Tool> secret_tools() {
  return kTools;
}

}  // namespace oneclaw::mcp

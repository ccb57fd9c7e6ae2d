// list_vaults, create_vault, grant_access, audit_trail
#include <array>
#include <boost/json.hpp>

#include "base/percent_encode.h"
#include "mcp/tools.h"

namespace oneclaw::mcp {

namespace json = boost::json;

namespace {

ToolResult list_vaults(ToolContext& context, Arguments& arguments) {
  CO_CHECK_OK(arguments.check());
  co_return co_await context.api.call({"GET", "/v1/vaults", nullptr});
}

ToolResult create_vault(ToolContext& context, Arguments& arguments) {
  json::object body;
  body["name"] = arguments.required_text("name");
  arguments.copy(body, "description");
  CO_CHECK_OK(arguments.check());
  co_return co_await context.api.call({"POST", "/v1/vaults", std::move(body)});
}

ToolResult grant_access(ToolContext& context, Arguments& arguments) {
  const auto vault = arguments.text("vault");
  json::object body;
  body["secret_path_pattern"] = arguments.required_text("secret_path_pattern");
  body["principal_type"] = arguments.text("principal_type").value_or("agent");
  body["principal_id"] = arguments.required_text("principal_id");
  body["permissions"] = json::array{"read"};
  for (const char* name : {"permissions", "effect", "priority", "conditions", "expires_at"}) {
    arguments.copy(body, name);
  }
  CO_CHECK_OK(arguments.check());
  CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
  co_return co_await context.api.call(
      {"POST", "/v1/vaults/" + vault_id + "/policies", std::move(body)});
}

ToolResult audit_trail(ToolContext& context, Arguments& arguments) {
  const std::int64_t limit = arguments.integer("limit", 1, 1000).value_or(50);
  const std::int64_t offset = arguments.integer("offset", 0, 1'000'000).value_or(0);
  std::string path =
      "/v1/audit/events?limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset);
  for (const char* name : {"action", "actor_id", "resource_id", "from", "to"}) {
    if (const auto value = arguments.text(name)) {
      path += "&" + std::string(name) + "=" + percent_encode(*value);
    }
  }
  CO_CHECK_OK(arguments.check());
  co_return co_await context.api.call({"GET", path, nullptr});
}

constexpr std::array<Tool, 4> kTools{{
    {.name = "list_vaults",
     .title = "List vaults",
     .description = "Lists the vaults that you see: id, name, description.",
     .input_schema = R"({"type":"object","additionalProperties":false,"properties":{}})",
     .read_only = true,
     .idempotent = true,
     .run = list_vaults},
    {.name = "create_vault",
     .title = "Make a vault",
     .description = "Makes a vault with a key of its own. People only: an agent gets a refusal.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["name"],"properties":{
       "name":{"type":"string"},
       "description":{"type":"string"}}})",
     .run = create_vault},
    {.name = "grant_access",
     .title = "Grant access",
     .description =
         "Makes a policy: lets an agent or a person read (or write, delete) the paths of a vault "
         "that match a glob. People only. Grant the narrowest path, and an expiry if you can.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["principal_id","secret_path_pattern"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "principal_type":{"type":"string","enum":["agent","user"],"default":"agent"},
       "principal_id":{"type":"string","format":"uuid"},
       "secret_path_pattern":{"type":"string","description":"* within a segment, ** over many: prod/db/**"},
       "permissions":{"type":"array","items":{"type":"string","enum":["read","write","delete"]},"default":["read"]},
       "effect":{"type":"string","enum":["allow","deny"]},
       "priority":{"type":"integer","minimum":0},
       "conditions":{"type":"object","description":"ip_allowlist, time_window"},
       "expires_at":{"type":"string","format":"date-time"}}})",
     .run = grant_access},
    {.name = "audit_trail",
     .title = "Read the audit trail",
     .description = "Lists audit events, newest first: who did what, when, from where. Owners and "
                    "admins only.",
     .input_schema = R"({"type":"object","additionalProperties":false,"properties":{
       "action":{"type":"string","description":"Such as secret.read"},
       "actor_id":{"type":"string"},
       "resource_id":{"type":"string"},
       "from":{"type":"string","format":"date-time"},
       "to":{"type":"string","format":"date-time"},
       "limit":{"type":"integer","minimum":1,"maximum":1000,"default":50},
       "offset":{"type":"integer","minimum":0,"default":0}}})",
     .read_only = true,
     .idempotent = true,
     .run = audit_trail},
}};

}  // namespace

std::span<const Tool> vault_tools() {
  return kTools;
}

}  // namespace oneclaw::mcp

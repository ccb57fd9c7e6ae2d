// rotate_secret, share_secret, request_approval
#include <array>
#include <boost/json.hpp>

#include "base/glob_path.h"
#include "base/percent_encode.h"
#include "base/wiping_json.h"
#include "mcp/tools.h"

namespace oneclaw::mcp {

namespace json = boost::json;

namespace {

ToolResult rotate_secret(ToolContext& context, Arguments& arguments) {
  const auto vault = arguments.text("vault");
  const std::string path = arguments.required_text("path");
  json::object body;
  for (const char* name : {"length", "charset", "type"}) arguments.copy(body, name);
  CO_CHECK_OK(arguments.check());
  CO_CHECK_OK(validate_secret_path(path));
  CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
  co_return co_await context.api.call(
      {"POST", "/v1/vaults/" + vault_id + "/secret-rotate/" + encode_path(path), std::move(body)});
}

ToolResult share_secret(ToolContext& context, Arguments& arguments) {
  const auto vault = arguments.text("vault");
  const std::string path = arguments.required_text("path");
  json::object body(wiping_storage());
  body["recipient_type"] = arguments.required_text("recipient_type");
  body["expires_at"] = arguments.required_text("expires_at");
  for (const char* name :
       {"recipient_id", "email", "max_access_count", "passphrase", "ip_allowlist"}) {
    arguments.copy(body, name);
  }
  CO_CHECK_OK(arguments.check());
  CO_CHECK_OK(validate_secret_path(path));
  CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
  CO_TRY(const json::value found,
         co_await context.api.call(
             {"GET", "/v1/vaults/" + vault_id + "/secret-versions/" + encode_path(path), nullptr}));
  const json::array& versions = found.at("versions").as_array();
  if (versions.empty()) co_return problems::not_found("No secret at that path.");
  const std::string id = text_member(versions.front(), "id");
  co_return co_await context.api.call({"POST", "/v1/secrets/" + id + "/share", std::move(body)});
}

ToolResult request_approval(ToolContext& context, Arguments& arguments) {
  json::object body;
  body["action"] = arguments.required_text("action");
  body["target_type"] = arguments.required_text("target_type");
  body["target_id"] = arguments.required_text("target_id");
  body["summary"] = json::object();
  for (const char* name : {"summary", "reason", "risk_tier"}) arguments.copy(body, name);
  CO_CHECK_OK(arguments.check());
  co_return co_await context.api.call({"POST", "/v1/approvals/request", std::move(body)});
}

constexpr std::array<Tool, 3> kTools{{
    {.name = "rotate_secret",
     .title = "Rotate a secret",
     .description =
         "Stores a fresh random value, made by the server, as the secret's next version. You "
         "don't see it. Whoever holds the old value must fetch the new one: ask your human first.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"},
       "length":{"type":"integer","minimum":1,"description":"Characters"},
       "charset":{"type":"string","enum":["hex","base64","alphanumeric","ascii"]},
       "type":{"type":"string","description":"The new version's type"}}})",
     .destructive = true,
     .run = rotate_secret},
    {.name = "share_secret",
     .title = "Share a secret",
     .description =
         "Shares one secret with a person, an agent or whoever has a link, until it expires. Give "
         "the share_url to nobody but the recipient.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["path","recipient_type","expires_at"],"properties":{
       "vault":{"type":"string","description":"A vault's id or name; the default vault when absent"},
       "path":{"type":"string","description":"The secret's path, such as prod/db/password"},
       "recipient_type":{"type":"string","enum":["user","agent","external_email","anyone_with_link","creator"]},
       "recipient_id":{"type":"string","format":"uuid","description":"For user and agent"},
       "email":{"type":"string","format":"email","description":"For external_email"},
       "expires_at":{"type":"string","format":"date-time"},
       "max_access_count":{"type":"integer","minimum":1},
       "passphrase":{"type":"string","description":"The recipient must know it too"},
       "ip_allowlist":{"type":"array","items":{"type":"string"}}}})",
     .open_world = true,
     .run = share_secret},
    {.name = "request_approval",
     .title = "Ask a human",
     .description =
         "Asks your human to approve something that you may not do by yourself. Gives an id and "
         "the status pending; they decide in their own time.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["action","target_type","target_id"],"properties":{
       "action":{"type":"string","description":"Such as secret.read"},
       "target_type":{"type":"string","description":"Such as secret"},
       "target_id":{"type":"string","description":"Of a secret VAULT_ID/PATH, or its id"},
       "summary":{"type":"object","description":"What your human should see; no secrets here"},
       "reason":{"type":"string"},
       "risk_tier":{"type":"integer","minimum":1,"maximum":5}}})",
     .run = request_approval},
}};

}  // namespace

std::span<const Tool> sharing_tools() {
  return kTools;
}

}  // namespace oneclaw::mcp

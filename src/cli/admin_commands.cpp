// policy, key
#include <boost/json.hpp>
#include <iostream>

#include "base/wiping_json.h"
#include "cli/context.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

json::array to_array(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

Result<int> list_policies(Context& context, NoOptions& /*options*/) {
  TRY(const std::string vault_id, context.vault_id());
  TRY(const json::value answer, context.client().get("/v1/vaults/" + vault_id + "/policies"));
  print_rows(context.format(), answer, "policies",
             {{"ID", "id"},
              {"PATHS", "secret_path_pattern"},
              {"WHO", "principal_type"},
              {"PRINCIPAL", "principal_id"},
              {"MAY", "permissions"},
              {"EFFECT", "effect"},
              {"PRIORITY", "priority"},
              {"EXPIRES", "expires_at"}});
  return kDone;
}

struct PolicyOptions {
  std::string pattern;
  std::string principal_type = "agent";
  std::string principal_id;
  std::vector<std::string> permissions{"read"};
  std::string effect;
  std::optional<std::int64_t> priority;
  std::string conditions;
  std::string expires;
};

Result<int> create_policy(Context& context, PolicyOptions& options) {
  TRY(const std::string vault_id, context.vault_id());
  json::object body;
  body["secret_path_pattern"] = options.pattern;
  body["principal_type"] = options.principal_type;
  body["principal_id"] = options.principal_id;
  body["permissions"] = to_array(options.permissions);
  if (!options.effect.empty()) body["effect"] = options.effect;
  if (options.priority) body["priority"] = *options.priority;
  if (!options.conditions.empty()) {
    boost::system::error_code error;
    json::value conditions = json::parse(options.conditions, error);
    if (error) return problems::bad_request("--conditions is a JSON object.");
    body["conditions"] = std::move(conditions);
  }
  if (!options.expires.empty()) {
    TRY(body["expires_at"], parse_expiry(options.expires));
  }
  TRY(const json::value policy,
      context.client().call("POST", "/v1/vaults/" + vault_id + "/policies", body));
  print_record(context.format(), policy,
               {{"id", "id"},
                {"paths", "secret_path_pattern"},
                {"who", "principal_type"},
                {"principal", "principal_id"},
                {"may", "permissions"},
                {"effect", "effect"},
                {"priority", "priority"},
                {"conditions", "conditions"},
                {"expires", "expires_at"}});
  return kDone;
}

struct IdOptions {
  std::string id;
};

void id_option(CLI::App& command, IdOptions& options) {
  command.add_option("id", options.id, "Its id")->required()->type_name("ID");
}

Result<int> delete_policy(Context& context, IdOptions& options) {
  TRY(const std::string vault_id, context.vault_id());
  CHECK_OK(context.client().call(
      "DELETE", "/v1/vaults/" + vault_id + "/policies/" + percent_encode(options.id)));
  note("Deleted the policy.");
  return kDone;
}

Result<int> list_keys(Context& context, NoOptions& /*options*/) {
  TRY(const json::value answer, context.client().get("/v1/auth/api-keys"));
  print_rows(context.format(), answer, "keys",
             {{"ID", "id"},
              {"NAME", "name"},
              {"PREFIX", "key_prefix"},
              {"SCOPES", "scopes"},
              {"ACTIVE", "is_active"},
              {"CREATED", "created_at"},
              {"EXPIRES", "expires_at"},
              {"LAST USED", "last_used_at"}});
  return kDone;
}

struct KeyOptions {
  std::string name;
  std::vector<std::string> scopes;
  std::string expires;
};

Result<int> create_key(Context& context, KeyOptions& options) {
  json::object body;
  body["name"] = options.name;
  if (!options.scopes.empty()) body["scopes"] = to_array(options.scopes);
  if (!options.expires.empty()) {
    TRY(body["expires_at"], parse_expiry(options.expires));
  }
  TRY(const json::value answer, context.client().call("POST", "/v1/auth/api-keys", body));
  if (context.quiet || context.format() == Format::kPlain) {
    std::cout << cell(answer, "api_key") << "\n";
    return kDone;
  }
  print_record(context.format(), answer,
               {{"id", "key.id"},
                {"name", "key.name"},
                {"scopes", "key.scopes"},
                {"expires", "key.expires_at"},
                {"key", "api_key"}});
  note("The key is shown this once: keep it now.");
  return kDone;
}

Result<int> delete_key(Context& context, IdOptions& options) {
  CHECK_OK(context.client().call("DELETE", "/v1/auth/api-keys/" + percent_encode(options.id)));
  note("Revoked the key and every token that came of it.");
  return kDone;
}

}  // namespace

void add_policy_commands(CLI::App& app, Context& context) {
  CLI::App& policy = add_group(app, "policy", "Say who may do what to which paths of a vault.");
  add_command<NoOptions>(policy, context, "list", "List a vault's policies.", no_options,
                         list_policies);
  add_command<PolicyOptions>(
      policy, context, "create", "Make a policy.",
      [](CLI::App& command, PolicyOptions& options) {
        command.add_option("--path", options.pattern, "Which paths: * in a segment, ** over many")
            ->required()
            ->type_name("GLOB");
        command.add_option("--principal-type", options.principal_type, "agent or user (agent)");
        command.add_option("--principal-id,--agent", options.principal_id, "Whose id")
            ->required()
            ->type_name("ID");
        command.add_option("--permissions", options.permissions, "read, write, delete (read)")
            ->delimiter(',')
            ->type_name("LIST");
        command.add_option("--effect", options.effect, "allow or deny (allow)");
        command.add_option("--priority", options.priority, "The highest that applies decides");
        command.add_option("--conditions", options.conditions, "A JSON object of conditions");
        command.add_option("--expires", options.expires, "30m, 12h, 7d or an RFC 3339 date-time")
            ->type_name("TIME");
      },
      create_policy);
  add_command<IdOptions>(policy, context, "delete", "Delete a policy.", id_option, delete_policy);
}

void add_key_commands(CLI::App& app, Context& context) {
  CLI::App& key = add_group(app, "key", "Personal API keys, for scripts of yours.");
  add_command<NoOptions>(key, context, "list", "List your keys.", no_options, list_keys);
  add_command<KeyOptions>(
      key, context, "create", "Make a key; it is shown once.",
      [](CLI::App& command, KeyOptions& options) {
        command.add_option("name", options.name, "Its name")->required()->type_name("NAME");
        command.add_option("--scopes", options.scopes, "Such as secrets:read; none: not narrowed")
            ->delimiter(',')
            ->type_name("LIST");
        command.add_option("--expires", options.expires, "30m, 12h, 7d or an RFC 3339 date-time")
            ->type_name("TIME");
      },
      create_key);
  add_command<IdOptions>(key, context, "delete", "Revoke a key.", id_option, delete_key);
}

}  // namespace oneclaw::cli

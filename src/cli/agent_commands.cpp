// agent list | create | get | update | token | rotate | delete
#include <boost/json.hpp>
#include <iostream>

#include "base/uuid.h"
#include "base/wiping_json.h"
#include "cli/agents.h"
#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

const std::vector<Field> kRecord{{"id", "id"},
                                 {"name", "name"},
                                 {"description", "description"},
                                 {"active", "is_active"},
                                 {"scopes", "scopes"},
                                 {"vaults", "vault_ids"},
                                 {"token life", "token_ttl_seconds"},
                                 {"expires", "expires_at"},
                                 {"key expires", "api_key_expires_at"},
                                 {"last active", "last_active_at"},
                                 {"created", "created_at"},
                                 {"ssh key", "ssh_public_key"}};

Result<int> list(Context& context, NoOptions& /*options*/) {
  TRY(const json::value answer, context.client().get("/v1/agents"));
  print_rows(context.format(), answer, "agents",
             {{"ID", "id"},
              {"NAME", "name"},
              {"ACTIVE", "is_active"},
              {"SCOPES", "scopes"},
              {"EXPIRES", "expires_at"},
              {"LAST ACTIVE", "last_active_at"}});
  return kDone;
}

struct AgentOptions {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::vector<std::string> scopes;
  std::vector<std::string> vaults;
  std::optional<std::int64_t> token_life;
  std::string expires;
  std::string key_expires;
  std::optional<bool> active;
};

void shared_options(CLI::App& command, AgentOptions& options) {
  command.add_option("--scopes", options.scopes, "Such as secrets:read; none: not narrowed")
      ->delimiter(',')
      ->type_name("LIST");
  command.add_option("--vault-ids", options.vaults, "Only these vaults, by id or name")
      ->delimiter(',')
      ->type_name("LIST");
  command.add_option("--token-ttl", options.token_life, "Seconds that its tokens live")
      ->type_name("SECONDS");
  command
      .add_option("--expires", options.expires, "When the agent ends: 30m, 12h, 7d, a date-time")
      ->type_name("TIME");
  command.add_option("--key-expires", options.key_expires, "When its key ends")->type_name("TIME");
}

Result<json::object> agent_body(Context& context, const AgentOptions& options) {
  json::object body;
  if (options.name) body["name"] = *options.name;
  if (options.description) body["description"] = *options.description;
  if (!options.scopes.empty()) {
    body["scopes"] = json::array(options.scopes.begin(), options.scopes.end());
  }
  if (!options.vaults.empty()) {
    json::array& ids = body["vault_ids"].emplace_array();
    for (const std::string& vault : options.vaults) {
      TRY(std::string id, context.find_vault(vault));
      ids.emplace_back(std::move(id));
    }
  }
  if (options.token_life) body["token_ttl_seconds"] = *options.token_life;
  if (!options.expires.empty()) {
    TRY(body["expires_at"], parse_expiry(options.expires));
  }
  if (!options.key_expires.empty()) {
    TRY(body["api_key_expires_at"], parse_expiry(options.key_expires));
  }
  if (options.active) body["is_active"] = *options.active;
  return body;
}

void print_key(Context& context, const json::value& answer, std::vector<Field> fields) {
  if (context.quiet || context.format() == Format::kPlain) {
    std::cout << cell(answer, "api_key") << "\n";
    return;
  }
  fields.push_back({"key", "api_key"});
  print_record(context.format(), answer, fields);
  note("The key is shown this once: keep it now.");
}

Result<int> create(Context& context, AgentOptions& options) {
  TRY(const json::object body, agent_body(context, options));
  TRY(const json::value answer, context.client().call("POST", "/v1/agents", body));
  print_key(context, answer,
            {{"id", "agent.id"},
             {"name", "agent.name"},
             {"scopes", "agent.scopes"},
             {"vaults", "agent.vault_ids"},
             {"expires", "agent.expires_at"}});
  return kDone;
}

Result<int> get(Context& context, AgentOptions& options) {
  TRY(const std::string id, find_agent(context, options.id));
  TRY(const json::value agent, context.client().get("/v1/agents/" + id));
  print_record(context.format(), agent, kRecord);
  return kDone;
}

Result<int> update(Context& context, AgentOptions& options) {
  TRY(const std::string id, find_agent(context, options.id));
  TRY(const json::object body, agent_body(context, options));
  TRY(const json::value agent, context.client().call("PATCH", "/v1/agents/" + id, body));
  print_record(context.format(), agent, kRecord);
  return kDone;
}

Result<int> rotate(Context& context, AgentOptions& options) {
  TRY(const std::string id, find_agent(context, options.id));
  TRY(const json::value answer, context.client().call("POST", "/v1/agents/" + id + "/rotate-key"));
  print_key(context, answer, {});
  return kDone;
}

struct TokenOptions {
  std::string id;
};

/// An agent's token is had with the agent's key, which nobody but the agent has.
Result<int> token(Context& context, TokenOptions& options) {
  auto key = environment("ONECLAW_AGENT_API_KEY");
  if (!key) {
    TRY(const SecureString typed, ask_hidden("The agent's key (ocv_...):"));
    key = std::string(typed.view());
  }
  json::object body(wiping_storage());
  body["api_key"] = *key;
  if (!options.id.empty()) body["agent_id"] = options.id;
  TRY(const json::value answer, context.client().call_public("POST", "/v1/auth/agent-token", body));
  if (context.format() == Format::kJson) {
    print_json(answer);
  } else {
    std::cout << cell(answer, "access_token") << "\n";
  }
  return kDone;
}

struct DeleteOptions {
  std::string id;
  bool yes = false;
};

Result<int> remove(Context& context, DeleteOptions& options) {
  TRY(const std::string id, find_agent(context, options.id));
  if (!options.yes) {
    TRY(const bool sure, confirm("Delete the agent " + options.id + "?"));
    if (!sure) return kFailed;
  }
  CHECK_OK(context.client().call("DELETE", "/v1/agents/" + id));
  note("Deleted the agent; its tokens and policies have ended.");
  return kDone;
}

void agent_option(CLI::App& command, std::string& id) {
  command.add_option("agent", id, "The agent's id or name")->required()->type_name("AGENT");
}

}  // namespace

Result<std::string> find_agent(Context& context, const std::string& name_or_id) {
  if (name_or_id == "me" || Uuid::parse(name_or_id)) return name_or_id;
  TRY(const json::value answer, context.client().get("/v1/agents"));
  std::string id;
  for (const json::value& agent : answer.at("agents").as_array()) {
    if (cell(agent, "name") != name_or_id) continue;
    if (!id.empty()) {
      return problems::bad_request("More than one agent has that name: give the id.");
    }
    id = cell(agent, "id");
  }
  if (id.empty()) return problems::not_found("You see no agent of the name " + name_or_id + ".");
  return id;
}

void add_agent_commands(CLI::App& app, Context& context) {
  CLI::App& agent = add_group(app, "agent", "Register agents and look after their keys.");
  add_command<NoOptions>(agent, context, "list", "List the agents you see.", no_options, list);
  add_command<AgentOptions>(
      agent, context, "create", "Register an agent; its key is shown once.",
      [](CLI::App& command, AgentOptions& options) {
        command.add_option("name", options.name, "Its name")->required()->type_name("NAME");
        command.add_option("--description", options.description, "What it does");
        shared_options(command, options);
      },
      create);
  add_command<AgentOptions>(
      agent, context, "get", "Show an agent.",
      [](CLI::App& command, AgentOptions& options) { agent_option(command, options.id); }, get);
  add_command<AgentOptions>(
      agent, context, "update", "Change an agent. --active false ends its live tokens.",
      [](CLI::App& command, AgentOptions& options) {
        agent_option(command, options.id);
        command.add_option("--name", options.name, "Its name");
        command.add_option("--active", options.active, "true or false");
        shared_options(command, options);
      },
      update);
  add_command<TokenOptions>(
      agent, context, "token",
      "Trade an agent's key, of ONECLAW_AGENT_API_KEY or asked for, for a token.",
      [](CLI::App& command, TokenOptions& options) {
        command.add_option("id", options.id, "The agent's id, to be sure")->type_name("ID");
      },
      token);
  add_command<AgentOptions>(
      agent, context, "rotate", "Give an agent a new key; the old one and its tokens end at once.",
      [](CLI::App& command, AgentOptions& options) { agent_option(command, options.id); }, rotate);
  add_command<DeleteOptions>(
      agent, context, "delete", "Delete an agent.",
      [](CLI::App& command, DeleteOptions& options) {
        agent_option(command, options.id);
        command.add_flag("--yes,-y", options.yes, "Don't ask");
      },
      remove);
  add_binding_commands(agent, context);
}

}  // namespace oneclaw::cli

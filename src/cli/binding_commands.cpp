// agent binding list | create | get | delete | test | execute | executions
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>

#include "base/secret_reference.h"
#include "base/uuid.h"
#include "base/wiping_json.h"
#include "cli/agents.h"
#include "cli/context.h"
#include "cli/files.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

const std::vector<Field> kRecord{{"id", "id"},
                                 {"name", "name"},
                                 {"type", "binding_type"},
                                 {"active", "is_active"},
                                 {"config", "config"},
                                 {"guardrails", "guardrails"},
                                 {"credential", "credential_source_type"},
                                 {"vault", "credential_vault_id"},
                                 {"path", "credential_path"},
                                 {"created", "created_at"}};

struct BindingOptions {
  std::string agent;
  std::string binding;
};

void agent_option(CLI::App& command, std::string& agent) {
  command.add_option("agent", agent, "The agent's id or name")->required()->type_name("AGENT");
}

void binding_options(CLI::App& command, BindingOptions& options) {
  agent_option(command, options.agent);
  command.add_option("binding", options.binding, "The binding's id or name")
      ->required()
      ->type_name("BINDING");
}

Result<std::string> bindings_path(Context& context, const std::string& agent) {
  TRY(const std::string id, find_agent(context, agent));
  return "/v1/agents/" + id + "/bindings";
}

/// The path of one binding, by id or name.
Result<std::string> binding_path(Context& context, const BindingOptions& options) {
  TRY(const std::string path, bindings_path(context, options.agent));
  if (Uuid::parse(options.binding)) return path + "/" + options.binding;
  TRY(const json::value answer, context.client().get(path));
  for (const json::value& binding : answer.at("bindings").as_array()) {
    if (cell(binding, "name") == options.binding) return path + "/" + cell(binding, "id");
  }
  return problems::not_found("The agent has no binding of the name " + options.binding + ".");
}

Result<int> list(Context& context, BindingOptions& options) {
  TRY(const std::string path, bindings_path(context, options.agent));
  TRY(const json::value answer, context.client().get(path));
  print_rows(context.format(), answer, "bindings",
             {{"ID", "id"},
              {"NAME", "name"},
              {"BASE URL", "config.base_url"},
              {"ACTIVE", "is_active"},
              {"CREDENTIAL", "credential_source_type"},
              {"PATH", "credential_path"}});
  return kDone;
}

struct CreateOptions {
  std::string agent;
  std::string name;
  std::string base_url;
  std::string config;
  std::string guardrails;
  std::string secret;
  bool credential_stdin = false;
};

Result<json::object> object_of(const std::string& text, const char* option) {
  if (text.empty()) return json::object();
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return problems::bad_request(std::string(option) + " is a JSON object.");
  }
  return std::move(value.get_object());
}

Result<int> create(Context& context, CreateOptions& options) {
  json::object body(wiping_storage());
  TRY(json::object config, object_of(options.config, "--config"));
  if (!options.base_url.empty()) config["base_url"] = options.base_url;
  TRY(json::object guardrails, object_of(options.guardrails, "--guardrails"));
  body["name"] = options.name;
  body["binding_type"] = "http";
  body["config"] = std::move(config);
  body["guardrails"] = std::move(guardrails);
  if (!options.secret.empty()) {
    json::object source{{"type", "vault_ref"}, {"path", options.secret}};
    if (options.secret.starts_with(SecretReference::kScheme)) {
      TRY(const SecretReference reference, SecretReference::parse(options.secret));
      TRY(source["vault_id"], context.find_vault(reference.vault));
      source["path"] = reference.path;
    } else {
      TRY(source["vault_id"], context.vault_id());
    }
    body["credential_source"] = std::move(source);
  } else if (options.credential_stdin || !is_terminal(STDIN_FILENO)) {
    TRY(SecureString credential, read_file("-", 65'536));
    if (credential.view().ends_with('\n')) credential.resize(credential.size() - 1);
    if (!credential.empty()) body["credential"] = credential.view();
  } else {
    TRY(const SecureString credential, ask_hidden("Credential:"));
    body["credential"] = credential.view();
  }
  TRY(const std::string path, bindings_path(context, options.agent));
  TRY(const json::value binding, context.client().call("POST", path, body));
  print_record(context.format(), binding, kRecord);
  return kDone;
}

Result<int> get(Context& context, BindingOptions& options) {
  TRY(const std::string path, binding_path(context, options));
  TRY(const json::value binding, context.client().get(path));
  print_record(context.format(), binding, kRecord);
  return kDone;
}

Result<int> remove(Context& context, BindingOptions& options) {
  TRY(const std::string path, binding_path(context, options));
  CHECK_OK(context.client().call("DELETE", path));
  note("Deleted the binding.");
  return kDone;
}

Result<int> test(Context& context, BindingOptions& options) {
  TRY(const std::string path, binding_path(context, options));
  TRY(const json::value result, context.client().call("POST", path + "/test"));
  print_record(context.format(), result,
               {{"answers", "success"}, {"milliseconds", "latency_ms"}, {"error", "error"}});
  return result.at("success").as_bool() ? kDone : kFailed;
}

struct ExecuteOptions : BindingOptions {
  std::string params = "{}";
};

Result<int> execute(Context& context, ExecuteOptions& options) {
  TRY(const std::string id, find_agent(context, options.agent));
  TRY(json::object params, object_of(options.params, "--params"));
  json::object body;
  body["binding"] = options.binding;
  body["intent_type"] = "http";
  body["params"] = std::move(params);
  TRY(const json::value answer,
      context.client().call("POST", "/v1/agents/" + id + "/execute", body));
  print_record(context.format(), answer,
               {{"status", "status"},
                {"http status", "result.status"},
                {"error", "error"},
                {"milliseconds", "duration_ms"},
                {"redactions", "redactions_applied"}});
  if (context.format() != Format::kJson && !answer.at("result").is_null()) {
    std::cout << "\n" << std::string_view(answer.at("result").at("body").as_string()) << "\n";
  }
  return cell(answer, "status") == "success" ? kDone : kFailed;
}

struct ExecutionsOptions {
  std::string agent;
  std::int64_t limit = 50;
};

Result<int> executions(Context& context, ExecutionsOptions& options) {
  TRY(const std::string id, find_agent(context, options.agent));
  TRY(const json::value answer, context.client().get("/v1/agents/" + id + "/executions?limit=" +
                                                     std::to_string(options.limit)));
  print_rows(context.format(), answer, "events",
             {{"TIME", "created_at"},
              {"STATUS", "status"},
              {"METHOD", "request_summary.method"},
              {"HOST", "request_summary.host"},
              {"PATH", "request_summary.path"},
              {"ANSWER", "result_summary.status"},
              {"MS", "duration_ms"},
              {"ERROR", "error_message"}});
  return kDone;
}

void create_options(CLI::App& command, CreateOptions& options) {
  agent_option(command, options.agent);
  command.add_option("--name", options.name, "Its name")->required()->type_name("NAME");
  command.add_option("--url", options.base_url, "The host's base URL")->type_name("URL");
  command.add_option("--config", options.config,
                     "A JSON object: auth_type, allowed_hosts, allowed_paths ...");
  command.add_option("--guardrails", options.guardrails, "A JSON object that narrows it further");
  command
      .add_option("--secret", options.secret,
                  "The secret it uses: a path in the vault, or oneclaw://VAULT/PATH")
      ->type_name("PATH");
  command.add_flag("--credential-stdin", options.credential_stdin,
                   "Or keep a credential with the binding, read from standard input");
}

}  // namespace

void add_binding_commands(CLI::App& agent, Context& context) {
  CLI::App& binding = add_group(agent, "binding", "Let agents use a credential without seeing it.");
  const auto agent_alone = [](CLI::App& command, BindingOptions& options) {
    agent_option(command, options.agent);
  };
  add_command<BindingOptions>(binding, context, "list", "List an agent's bindings.", agent_alone,
                              list);
  add_command<CreateOptions>(binding, context, "create", "Make a binding to an HTTP host.",
                             create_options, create);
  add_command<BindingOptions>(binding, context, "get", "Show a binding.", binding_options, get);
  add_command<BindingOptions>(binding, context, "delete", "Delete a binding.", binding_options,
                              remove);
  add_command<BindingOptions>(binding, context, "test",
                              "Ask whether the host answers, without the credential.",
                              binding_options, test);
  add_command<ExecuteOptions>(
      binding, context, "execute", "Send a request by a binding.",
      [](CLI::App& command, ExecuteOptions& options) {
        binding_options(command, options);
        command.add_option("--params", options.params,
                           "A JSON object: method, path or url, query, headers, body or json");
      },
      execute);
  add_command<ExecutionsOptions>(
      binding, context, "executions", "List what was sent by an agent's bindings, newest first.",
      [](CLI::App& command, ExecutionsOptions& options) {
        agent_option(command, options.agent);
        command.add_option("--limit,-n", options.limit, "At most so many (50)");
      },
      executions);
}

}  // namespace oneclaw::cli

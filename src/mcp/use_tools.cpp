// http_request, run_command: secrets used without being seen
#include <array>
#include <boost/json.hpp>
#include <cstdlib>

#include "base/child_environment.h"
#include "base/encoding.h"
#include "base/percent_encode.h"
#include "base/secret_finder.h"
#include "base/secret_reference.h"
#include "base/wiping_json.h"
#include "mcp/command.h"
#include "mcp/tools.h"

extern char** environ;  // NOLINT

namespace oneclaw::mcp {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// The name of the agent's binding for a secret.
asio::awaitable<Result<std::string>> binding_of(ToolContext& context, const std::string& agent_id,
                                                const std::string& secret) {
  std::string path = secret;
  std::optional<std::string> vault;
  if (secret.starts_with(SecretReference::kScheme)) {
    CO_TRY(const SecretReference reference, SecretReference::parse(secret));
    path = reference.path;
    vault = reference.vault;
  }
  std::string vault_id;
  if (vault || !context.vault.empty()) {
    CO_TRY(vault_id, co_await find_vault(context, vault));
  }
  CO_TRY(const json::value answer,
         co_await context.api.call({"GET", "/v1/agents/" + agent_id + "/bindings", nullptr}));
  std::string names;
  for (const json::value& binding : answer.at("bindings").as_array()) {
    const std::string name = text_member(binding, "name");
    names += (names.empty() ? "" : ", ") + name;
    if (text_member(binding, "credential_path") == path &&
        (vault_id.empty() || text_member(binding, "credential_vault_id") == vault_id)) {
      co_return name;
    }
  }
  co_return problems::not_found(
      "No binding lets you use that secret" +
      (names.empty() ? "; you have none." : "; your bindings are: " + names + "."));
}

ToolResult http_request(ToolContext& context, Arguments& arguments) {
  std::string agent_id = arguments.text("agent_id").value_or("");
  std::string binding = arguments.text("binding").value_or("");
  const std::string secret = arguments.text("secret").value_or("");
  if (binding.empty() == secret.empty())
    arguments.mistake("secret", "or binding is needed: one of the two");
  json::object params;
  params["method"] = "GET";
  for (const char* name :
       {"method", "url", "path", "query", "headers", "body", "json", "timeout_ms"}) {
    arguments.copy(params, name);
  }
  CO_CHECK_OK(arguments.check());
  if (agent_id.empty()) {
    CO_TRY(const json::value self, co_await context.api.call({"GET", "/v1/agents/me", nullptr}));
    agent_id = text_member(self, "id");
  }
  agent_id = percent_encode(agent_id);
  if (binding.empty()) {
    CO_TRY(binding, co_await binding_of(context, agent_id, secret));
  }
  json::object body;
  body["binding"] = binding;
  body["intent_type"] = "http";
  body["params"] = std::move(params);
  CO_TRY(json::value answer, co_await context.api.call(
                                 {"POST", "/v1/agents/" + agent_id + "/execute", std::move(body)}));
  if (text_member(answer, "status") == "success") co_return answer;
  // Denied or failed, and on record: the agent is to see it as a failure.
  Problem problem =
      problems::bad_request("The request was not carried out (" + text_member(answer, "status") +
                            "): " + text_member(answer, "error"));
  problem.code = "execution-" + text_member(answer, "status");
  co_return problem;
}

struct CommandSecret {
  std::string variable;
  std::string reference;
};

/// Puts the secrets into the environment, and into what is to be scrubbed.
asio::awaitable<Result<void>> add_secrets(ToolContext& context,
                                          const std::vector<CommandSecret>& secrets,
                                          ChildEnvironment& environment, SecretFinder& finder) {
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    const auto& [variable, text] = secrets[i];
    SecretReference reference;
    std::optional<std::string> vault;
    if (text.starts_with(SecretReference::kScheme)) {
      CO_TRY(reference, SecretReference::parse(text));
      vault = reference.vault;
    } else {
      reference.path = text;
    }
    CO_TRY(const std::string vault_id, co_await find_vault(context, vault));
    std::string path = "/v1/vaults/" + vault_id;
    path += reference.version ? "/secret-version/" + encode_path(reference.path) + "/" +
                                    std::to_string(*reference.version)
                              : "/secrets/" + encode_path(reference.path);
    CO_TRY(const json::value secret, co_await context.api.call({"GET", path, nullptr}));
    const json::value* const value = secret.as_object().if_contains("value");
    const std::string_view plain =
        value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
    if (!finder.add(plain, i) || plain.find('\0') != std::string_view::npos) {
      co_return problems::validation("secrets." + variable,
                                     "is too short to be kept out of the output, or isn't text");
    }
    environment.set(variable, plain);
  }
  co_return Result<void>();
}

json::value describe_outcome(const CommandOutcome& outcome, const SecretFinder& finder) {
  const SecretFinder::Redacted out = finder.redact(outcome.out.view(), outcome.out_cut);
  const SecretFinder::Redacted err = finder.redact(outcome.err.view(), outcome.err_cut);
  json::object answer(wiping_storage());
  answer["exit_code"] = outcome.exit_code;
  answer["timed_out"] = outcome.timed_out;
  answer["truncated"] = outcome.out_cut || outcome.err_cut;
  answer["redactions_applied"] = out.count + err.count;
  for (const auto& [name, text] :
       {std::pair("stdout", &out.text), std::pair("stderr", &err.text)}) {
    const bool utf8 = is_utf8(text->view());
    answer[name] = utf8 ? std::string(text->view()) : to_base64(text->bytes());
    if (!utf8) answer[std::string(name) + "_encoding"] = "base64";
  }
  return answer;
}

ToolResult run_with_secrets(ToolContext& context, Arguments& arguments) {
  constexpr std::int64_t kMostSeconds = 600;
  Command command;
  command.words = arguments.texts("command");
  if (command.words.empty()) arguments.mistake("command", "is needed: a program and its arguments");
  command.folder = arguments.text("cwd").value_or("");
  command.input = arguments.text("stdin").value_or("");
  command.timeout =
      std::chrono::seconds(arguments.integer("timeout_seconds", 1, kMostSeconds).value_or(60));
  std::vector<CommandSecret> secrets;
  for (auto& [variable, reference] : arguments.text_map("secrets")) {
    const bool named = !variable.empty() && variable.find('=') == std::string::npos &&
                       variable.find('\0') == std::string::npos;
    if (!named) arguments.mistake("secrets", "has a member that can't be a variable's name");
    secrets.push_back({variable, reference});
  }
  CO_CHECK_OK(arguments.check());
  ChildEnvironment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.set(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  environment.unset_credentials();
  SecretFinder finder;
  CO_CHECK_OK(co_await add_secrets(context, secrets, environment, finder));
  CO_TRY(const CommandOutcome outcome, run_command(command, environment));
  co_return describe_outcome(outcome, finder);
}

constexpr std::array<Tool, 2> kTools{{
    {.name = "http_request",
     .title = "Send a request with a secret in it",
     .description =
         "Sends an HTTP request with a secret in its header or body, without showing you the "
         "secret: oneclaw puts the value in, sends it only to the hosts that the secret's binding "
         "allows, and scrubs it from the answer. Name the secret (or the binding); where the value "
         "goes is the binding's to say, and {{credential}} in a header or body names the place "
         "where the binding's auth_type is template.",
     .input_schema = R"({"type":"object","additionalProperties":false,"properties":{
       "secret":{"type":"string","description":"A path or oneclaw://VAULT/PATH that a binding of yours covers"},
       "binding":{"type":"string","description":"Or the binding's name"},
       "method":{"type":"string","enum":["GET","HEAD","POST","PUT","PATCH","DELETE"],"default":"GET"},
       "path":{"type":"string","description":"Below the binding's base_url, with its query: /v1/customers?limit=10"},
       "url":{"type":"string","description":"Or a whole URL, on a host that the binding allows"},
       "query":{"type":"object","additionalProperties":{"type":"string"}},
       "headers":{"type":"object","additionalProperties":{"type":"string"}},
       "body":{"type":"string"},
       "json":{"description":"Or a body of JSON"},
       "timeout_ms":{"type":"integer","minimum":1,"maximum":60000},
       "agent_id":{"type":"string","format":"uuid","description":"For people: whose binding; agents use their own"}}})",
     .destructive = true,
     .open_world = true,
     .run = http_request},
    {.name = "run_command",
     .title = "Run a command with secrets in its environment",
     .description =
         "Runs a program on this machine with secrets in its environment variables, and gives its "
         "output with their values (and their encodings) scrubbed. No shell: name the program and "
         "its arguments. Don't try to print or send a value; every use is on record.",
     .input_schema =
         R"({"type":"object","additionalProperties":false,"required":["command"],"properties":{
       "command":{"type":"array","items":{"type":"string"},"minItems":1},
       "secrets":{"type":"object","additionalProperties":{"type":"string"},"description":"Variable name to a path or oneclaw://VAULT/PATH#VERSION"},
       "cwd":{"type":"string"},
       "stdin":{"type":"string"},
       "timeout_seconds":{"type":"integer","minimum":1,"maximum":600,"default":60}}})",
     .destructive = true,
     .open_world = true,
     .local = true,
     .run = run_with_secrets},
}};

}  // namespace

std::span<const Tool> use_tools() {
  return kTools;
}

}  // namespace oneclaw::mcp

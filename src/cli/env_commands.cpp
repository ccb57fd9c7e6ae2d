// env pull | push | run
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "base/child_environment.h"
#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/dotenv.h"
#include "cli/files.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

extern char** environ;  // NOLINT

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

struct SourceOptions {
  std::string prefix;
  std::string environment;
  std::string git_branch;
};

/// Adds a variable; 409 when two secrets would share a name.
class Collector {
 public:
  Result<void> add(std::string name, SecureString value, const std::string& source) {
    if (!is_variable_name(name)) {
      return problems::bad_request(source + " can't be the name of a variable.");
    }
    if (value.view().find('\0') != std::string_view::npos) {
      return problems::bad_request(source + " holds a NUL byte, which no variable can.");
    }
    const auto [known, fresh] = sources_.emplace(name, source);
    if (!fresh) {
      return problems::conflict(known->second + " and " + source + " would both be " + name +
                                ": narrow it with --prefix.");
    }
    variables_.push_back({std::move(name), std::move(value)});
    return {};
  }
  std::vector<Variable> take() { return std::move(variables_); }

 private:
  std::map<std::string, std::string> sources_;
  std::vector<Variable> variables_;
};

Result<void> add_secret(Collector& collector, const json::value& secret, std::string_view path,
                        std::string_view prefix) {
  SecureString value = secure_member(secret, "value");
  if (cell(secret, "type") == "env_bundle") {
    TRY(std::vector<Variable> bundle, parse_dotenv(value.view()));
    for (Variable& variable : bundle) {
      CHECK_OK(
          collector.add(std::move(variable.name), std::move(variable.value), std::string(path)));
    }
    return {};
  }
  std::string_view name = path.substr(prefix.size());
  while (name.starts_with('/')) name.remove_prefix(1);
  return collector.add(variable_name(name), std::move(value), std::string(path));
}

/// The variables of an environment of the vault, merged by the server.
Result<std::vector<Variable>> fetch_environment(Context& context, const std::string& vault_id,
                                                const SourceOptions& options) {
  std::string path = "/v1/vaults/" + vault_id +
                     "/env-vars/resolve?environment=" + percent_encode(options.environment);
  if (!options.git_branch.empty()) path += "&git_branch=" + percent_encode(options.git_branch);
  TRY(const json::value answer, context.client().get(path));
  Collector collector;
  for (const auto& member : answer.at("vars").as_object()) {
    const std::string name(member.key());
    CHECK_OK(collector.add(name, SecureString(member.value().as_string()), name));
  }
  return collector.take();
}

/// The secrets of a vault under a prefix, as variables; or those of an environment.
Result<std::vector<Variable>> fetch_variables(Context& context, const SourceOptions& options) {
  TRY(const std::string vault_id, context.vault_id());
  if (!options.environment.empty()) return fetch_environment(context, vault_id, options);
  Collector collector;
  TRY(const std::vector<json::object> secrets, list_secrets(context, vault_id, options.prefix));
  // A prefix that ends inside a segment says which secrets, not what to cut off their names.
  std::string_view cut = options.prefix;
  cut = cut.substr(0, cut.rfind('/') == cut.npos ? 0 : cut.rfind('/') + 1);
  Progress progress("Reading secrets", secrets.size());
  for (const json::object& listed : secrets) {
    const std::string path(listed.at("path").as_string());
    Result<json::value> secret = get_secret(context, vault_id, path);
    progress.advance();
    // Gone between list and get, or expired: it is not there for the child either.
    if (!secret.ok() && secret.problem().status == 410) continue;
    if (!secret.ok()) return std::move(secret).problem();
    CHECK_OK(add_secret(collector, *secret, path, cut));
  }
  return collector.take();
}

void source_options(CLI::App& command, SourceOptions& options) {
  command.add_option("--prefix", options.prefix, "Only secrets whose path starts so")
      ->type_name("PREFIX");
  command
      .add_option("--environment,-e", options.environment,
                  "The variables of this environment of the vault, instead of its secrets")
      ->type_name("NAME");
  command.add_option("--git-branch", options.git_branch, "With the values of this branch")
      ->type_name("NAME");
}

struct PullOptions : SourceOptions {
  std::string format = "dotenv";
  std::string out;
};

Result<int> pull(Context& context, PullOptions& options) {
  TRY(const std::vector<Variable> variables, fetch_variables(context, options));
  SecureString text;
  if (options.format == "json" || context.format() == Format::kJson) {
    json::object object(wiping_storage());
    for (const Variable& variable : variables) object[variable.name] = variable.value.view();
    text = to_secure_json(object);
    text.push_back('\n');
  } else if (options.format == "shell") {
    text = to_shell(variables);
  } else if (options.format == "dotenv") {
    text = to_dotenv(variables);
  } else {
    return problems::bad_request("--format is dotenv, json or shell.");
  }
  if (options.out.empty()) {
    std::cout << text.view();
    return kDone;
  }
  CHECK_OK(write_private_file(options.out, text.view()));
  note("Wrote " + std::to_string(variables.size()) + " variables to " + options.out + " (0600).");
  return kDone;
}

struct PushOptions : SourceOptions {
  std::string file = ".env";
};

/// Makes the variable in the environment, or changes the one that is there.
Result<void> push_variable(Context& context, const std::string& vault_id,
                           const PushOptions& options, const Variable& variable) {
  const std::string path = "/v1/vaults/" + vault_id + "/env-vars";
  json::object body(wiping_storage());
  body["key"] = variable.name;
  body["value"] = variable.value.view();
  body["environments"] = json::array{json::string(options.environment)};
  body["sensitive"] = true;
  if (!options.git_branch.empty()) body["git_branch"] = options.git_branch;
  const Result<json::value> made = context.client().call("POST", path, body);
  if (made.ok()) return {};
  if (made.problem().status != 409) return made.problem();
  std::string one =
      path + "/" + variable.name + "?environment=" + percent_encode(options.environment);
  if (!options.git_branch.empty()) one += "&git_branch=" + percent_encode(options.git_branch);
  json::object change(wiping_storage());
  change["value"] = variable.value.view();
  CHECK_OK(context.client().call("PATCH", one, change));
  return {};
}

Result<int> push(Context& context, PushOptions& options) {
  TRY(const SecureString text, read_file(options.file));
  TRY(const std::vector<Variable> variables, parse_dotenv(text.view()));
  TRY(const std::string vault_id, context.vault_id());
  Progress progress("Storing", variables.size());
  for (const Variable& variable : variables) {
    progress.advance();
    if (!options.environment.empty()) {
      CHECK_OK(push_variable(context, vault_id, options, variable));
      continue;
    }
    json::object body(wiping_storage());
    body["value"] = variable.value.view();
    CHECK_OK(put_secret(context, vault_id, options.prefix + variable.name, std::move(body)));
  }
  note("Stored " + std::to_string(variables.size()) +
       (options.environment.empty() ? " secrets." : " variables."));
  return kDone;
}

struct RunOptions : SourceOptions {
  std::vector<std::string> command;
  std::string env_file;
  bool references_only = false;
  bool keep_credentials = false;
};

Result<void> fill_environment(Context& context, const RunOptions& options,
                              ChildEnvironment& child) {
  References references(context);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string_view name = text.substr(0, equals);
    TRY(const SecureString value, references.fill(text.substr(equals + 1)));
    child.set(name, value.view());
  }
  if (!options.env_file.empty()) {
    TRY(const SecureString text, read_file(options.env_file));
    TRY(const std::vector<Variable> variables, parse_dotenv(text.view()));
    for (const Variable& variable : variables) {
      TRY(const SecureString value, references.fill(variable.value.view()));
      child.set(variable.name, value.view());
    }
  }
  if (!options.references_only) {
    TRY(const std::vector<Variable> variables, fetch_variables(context, options));
    for (const Variable& variable : variables) child.set(variable.name, variable.value.view());
  }
  if (!options.keep_credentials) child.unset_credentials();
  return {};
}

/// The command takes this process's place: its exit code, signals and terminal are its own.
Result<int> run_command(Context& context, RunOptions& options) {
  std::vector<std::string> command = options.command;
  command.insert(command.end(), context.trailing.begin(), context.trailing.end());
  if (command.empty()) {
    return problems::bad_request("No command was given: oneclaw env run -- CMD ARGUMENTS");
  }
  ChildEnvironment child;
  CHECK_OK(fill_environment(context, options, child));
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables = child.pointers();
  std::cout.flush();
  ::execvpe(arguments[0], arguments.data(), variables.data());
  const int error = errno;
  std::cerr << "oneclaw: " << command[0] << " can't be run: " << std::strerror(error) << ".\n";
  return error == ENOENT ? 127 : 126;  // as a shell says it
}

}  // namespace

void add_env_commands(CLI::App& app, Context& context) {
  CLI::App& env = add_group(app, "env", "Secrets as environment variables.");
  add_command<PullOptions>(
      env, context, "pull", "Write a vault's secrets as KEY=value lines, JSON or shell exports.",
      [](CLI::App& command, PullOptions& options) {
        source_options(command, options);
        command.add_option("--format,-f", options.format, "dotenv, json or shell (dotenv)");
        command.add_option("--out,-o", options.out, "Write to a file (0600)")->type_name("FILE");
      },
      pull);
  add_command<PushOptions>(
      env, context, "push", "Store each variable of a .env file as a secret of its name.",
      [](CLI::App& command, PushOptions& options) {
        command.add_option("file", options.file, "The file; - is standard input (.env)")
            ->type_name("FILE");
        command.add_option("--prefix", options.prefix, "Goes before each name")
            ->type_name("PREFIX");
        command
            .add_option("--environment,-e", options.environment,
                        "As variables of this environment of the vault, instead of secrets")
            ->type_name("NAME");
        command.add_option("--git-branch", options.git_branch, "On this branch alone")
            ->type_name("NAME");
      },
      push);
  add_command<RunOptions>(
      env, context, "run",
      "Run a command with a vault's secrets in its environment: oneclaw env run -- CMD ARGUMENTS. "
      "References (oneclaw://VAULT/PATH) in the environment are resolved too.",
      [](CLI::App& command, RunOptions& options) {
        source_options(command, options);
        command
            .add_option("--env-file", options.env_file,
                        "A .env file to add, its references resolved")
            ->type_name("FILE");
        command.add_flag("--references-only", options.references_only,
                         "Resolve references, and add no secrets besides");
        command.add_flag("--keep-credentials", options.keep_credentials,
                         "Leave ONECLAW_TOKEN and the like in the command's environment");
        command.add_option("command", options.command, "The command, best after --")
            ->type_name("CMD");
      },
      run_command);
}

}  // namespace oneclaw::cli

// secret list | get | set | describe | versions | rotate | delete
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>

#include "base/encoding.h"
#include "base/glob_path.h"
#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/files.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostSecretBytes = 512U * 1024;

const std::vector<Field> kMetadata{{"path", "path"},
                                   {"type", "type"},
                                   {"version", "version"},
                                   {"metadata", "metadata"},
                                   {"created by", "created_by"},
                                   {"created", "created_at"},
                                   {"expires", "expires_at"},
                                   {"most reads", "max_access_count"},
                                   {"reads", "access_count"},
                                   {"id", "id"}};

/// The vault and path of an argument: a path in the chosen vault, or a reference.
struct Target {
  std::string vault_id;
  std::string path;
  std::optional<std::int64_t> version;
};

Result<Target> find_target(Context& context, const std::string& argument) {
  if (!argument.starts_with(SecretReference::kScheme)) {
    TRY(std::string vault_id, context.vault_id());
    return Target{std::move(vault_id), argument, std::nullopt};
  }
  TRY(const SecretReference reference, SecretReference::parse(argument));
  TRY(std::string vault_id, context.find_vault(reference.vault));
  return Target{std::move(vault_id), reference.path, reference.version};
}

struct ListOptions {
  std::string prefix;
};

Result<int> list(Context& context, ListOptions& options) {
  TRY(const std::string vault_id, context.vault_id());
  TRY(const std::vector<json::object> secrets, list_secrets(context, vault_id, options.prefix));
  json::object whole;
  json::array& rows = whole["secrets"].emplace_array();
  for (const json::object& secret : secrets) rows.emplace_back(secret);
  print_rows(context.format(), whole, "secrets",
             {{"PATH", "path"},
              {"TYPE", "type"},
              {"VERSION", "version"},
              {"CREATED", "created_at"},
              {"EXPIRES", "expires_at"}});
  return kDone;
}

struct GetOptions {
  std::string path;
  std::optional<std::int64_t> version;
  std::string out;
};

Result<int> get(Context& context, GetOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  TRY(const json::value secret, get_secret(context, target.vault_id, target.path,
                                           options.version ? options.version : target.version));
  const SecureString value = secure_member(secret, "value");
  if (!options.out.empty()) {
    CHECK_OK(write_private_file(options.out, value.view()));
    note("Wrote " + options.out + ", for your eyes only (0600).");
    return kDone;
  }
  if (context.format() == Format::kJson) {
    print_json(secret);
    return kDone;
  }
  // Down a pipe goes the value as it is; on a terminal it gets a line of its own.
  const bool terminal = is_terminal(STDOUT_FILENO);
  if (terminal && context.format() == Format::kTable && !context.quiet) {
    print_record(Format::kTable, secret, kMetadata);
    std::cout << "\n";
  }
  std::cout << value.view() << (terminal && !value.view().ends_with('\n') ? "\n" : "");
  return kDone;
}

struct SetOptions {
  std::string path;
  std::optional<std::string> value;
  bool from_stdin = false;
  bool allow_empty = false;
  std::string file;
  std::string type;
  std::string metadata;
  std::string expires;
  std::optional<std::int64_t> most_reads;
};

Result<SecureString> read_value(const SetOptions& options) {
  if (!options.file.empty()) return read_file(options.file, kMostSecretBytes);
  if (options.value && !options.from_stdin) return SecureString(*options.value);
  if (!options.from_stdin && is_terminal(STDIN_FILENO)) return ask_hidden("Value:");
  TRY(SecureString value, read_file("-", kMostSecretBytes));
  // The line feed of `echo value |` is not meant.
  if (value.view().ends_with('\n')) value.resize(value.size() - 1);
  if (value.view().ends_with('\r')) value.resize(value.size() - 1);
  if (value.empty() && !options.allow_empty) {
    return problems::bad_request(
        "Standard input was empty, so nothing is stored: what was to write the value has probably "
        "failed. If an empty value is meant: oneclaw secret set " +
        options.path + " --stdin --allow-empty");
  }
  return value;
}

Result<json::object> describe_value(const SetOptions& options) {
  json::object body(wiping_storage());
  TRY(const SecureString value, read_value(options));
  if (!is_utf8(value.view())) {
    return problems::bad_request(
        "The value isn't text in UTF-8. Encode it first: base64 FILE | oneclaw secret set " +
        options.path + " --stdin --type file");
  }
  body["value"] = value.view();
  if (!options.type.empty()) body["type"] = options.type;
  if (!options.metadata.empty()) {
    boost::system::error_code error;
    json::value metadata = json::parse(options.metadata, error);
    if (error || !metadata.is_object()) {
      return problems::bad_request("--metadata is a JSON object.");
    }
    body["metadata"] = std::move(metadata);
  }
  if (!options.expires.empty()) {
    TRY(body["expires_at"], parse_expiry(options.expires));
  }
  if (options.most_reads) body["max_access_count"] = *options.most_reads;
  return body;
}

Result<int> set(Context& context, SetOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  TRY(json::object body, describe_value(options));
  CHECK_OK(validate_secret_path(target.path));
  TRY(const json::value stored,
      context.client().call(
          "PUT", "/v1/vaults/" + target.vault_id + "/secrets/" + encode_path(target.path),
          json::value(std::move(body))));
  if (context.format() == Format::kJson) {
    print_json(stored);
  } else {
    note("Stored " + target.path + ", version " + cell(stored, "version") + ".");
  }
  return kDone;
}

struct PathOptions {
  std::string path;
  bool yes = false;
};

void path_option(CLI::App& command, std::string& path) {
  command.add_option("path", path, "A path in the vault, or oneclaw://VAULT/PATH")
      ->required()
      ->type_name("PATH");
}

Result<json::value> newest(Context& context, const Target& target) {
  return context.client().get("/v1/vaults/" + target.vault_id + "/secret-versions/" +
                              encode_path(target.path));
}

Result<int> describe(Context& context, PathOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  TRY(const json::value answer, newest(context, target));
  const json::array& versions = answer.at("versions").as_array();
  if (versions.empty()) return problems::not_found("No secret at that path.");
  print_record(context.format(), versions.front(), kMetadata);
  return kDone;
}

Result<int> versions(Context& context, PathOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  TRY(const json::value answer, newest(context, target));
  print_rows(context.format(), answer, "versions",
             {{"VERSION", "version"},
              {"TYPE", "type"},
              {"CREATED", "created_at"},
              {"BY", "created_by"},
              {"EXPIRES", "expires_at"},
              {"DISABLED", "is_disabled"}});
  return kDone;
}

Result<int> remove(Context& context, PathOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  if (!options.yes) {
    TRY(const bool sure, confirm("Delete " + target.path + "?"));
    if (!sure) return kFailed;
  }
  CHECK_OK(context.client().call(
      "DELETE", "/v1/vaults/" + target.vault_id + "/secrets/" + encode_path(target.path)));
  note("Deleted " + target.path + ".");
  return kDone;
}

struct RotateOptions {
  std::string path;
  std::optional<std::int64_t> length;
  std::string charset;
};

Result<int> rotate(Context& context, RotateOptions& options) {
  TRY(const Target target, find_target(context, options.path));
  json::object body;
  if (options.length) body["length"] = *options.length;
  if (!options.charset.empty()) body["charset"] = options.charset;
  TRY(const json::value stored,
      context.client().call(
          "POST", "/v1/vaults/" + target.vault_id + "/secret-rotate/" + encode_path(target.path),
          body));
  if (context.format() == Format::kJson) {
    print_json(stored);
  } else {
    note("Rotated " + target.path + " to version " + cell(stored, "version") + ".");
  }
  return kDone;
}

void value_options(CLI::App& command, SetOptions& options) {
  path_option(command, options.path);
  command
      .add_option("value,--value", options.value,
                  "The value; asked for, hidden, when none is given. Others on this machine may "
                  "see it: a pipe or --file is better")
      ->type_name("VALUE");
  command.add_flag("--stdin", options.from_stdin, "Read the value from standard input");
  command.add_flag("--allow-empty", options.allow_empty,
                   "Store an empty value when standard input is empty. Otherwise that is refused: "
                   "the command before the pipe has probably failed");
  command.add_option("--file", options.file, "Read the value from a file, to the byte")
      ->type_name("FILE");
  command.add_option("--type,-t", options.type,
                     "password, api_key, private_key, certificate, file, note, ssh_key, "
                     "env_bundle or generic");
  command.add_option("--metadata", options.metadata, "A JSON object kept with the version");
  command.add_option("--expires", options.expires, "30m, 12h, 7d or an RFC 3339 date-time")
      ->type_name("TIME");
  command.add_option("--max-reads", options.most_reads, "How often the version may be read");
}

}  // namespace

void add_secret_commands(CLI::App& app, Context& context) {
  CLI::App& secret = add_group(app, "secret", "Store, read and look after secrets.");
  add_command<ListOptions>(
      secret, context, "list", "List the secrets you may read, without their values.",
      [](CLI::App& command, ListOptions& options) {
        command.add_option("--prefix,prefix", options.prefix, "Only paths that start so")
            ->type_name("PREFIX");
      },
      list);
  add_command<GetOptions>(
      secret, context, "get",
      "Show a secret. Down a pipe, or with --quiet or --output plain, goes the bare value.",
      [](CLI::App& command, GetOptions& options) {
        path_option(command, options.path);
        command.add_option("--version", options.version, "A version other than the newest");
        command.add_option("--out,-o", options.out, "Write the value to a file (0600) instead")
            ->type_name("FILE");
      },
      get);
  add_command<SetOptions>(secret, context, "set", "Store a secret, as its next version.",
                          value_options, set);
  add_command<RotateOptions>(
      secret, context, "rotate",
      "Store a fresh random value, made by the server, as the next version. For a value of yours: "
      "secret set.",
      [](CLI::App& command, RotateOptions& options) {
        path_option(command, options.path);
        command.add_option("--length", options.length, "Characters");
        command.add_option("--charset", options.charset, "hex, base64, alphanumeric or ascii");
      },
      rotate);
  add_command<PathOptions>(
      secret, context, "describe", "Show a secret's newest version, without its value.",
      [](CLI::App& command, PathOptions& options) { path_option(command, options.path); },
      describe);
  add_command<PathOptions>(
      secret, context, "versions", "List a secret's versions, newest first.",
      [](CLI::App& command, PathOptions& options) { path_option(command, options.path); },
      versions);
  add_command<PathOptions>(
      secret, context, "delete", "Delete a secret; its versions stay until the vault goes.",
      [](CLI::App& command, PathOptions& options) {
        path_option(command, options.path);
        command.add_flag("--yes,-y", options.yes, "Don't ask");
      },
      remove);
  add_scan_command(secret, context);
}

}  // namespace oneclaw::cli

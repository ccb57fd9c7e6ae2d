// import, inject
#include <boost/json.hpp>
#include <iostream>
#include <set>

#include "base/glob_path.h"
#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/dotenv.h"
#include "cli/files.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

struct ImportOptions {
  std::string file;
  std::string format;
  std::string prefix;
  bool dry_run = false;
  bool force = false;
};

/// Paths and values; a Variable's name is a path here.
using Imports = std::vector<Variable>;

/// Every text, number and boolean of nested objects, its path the members' names.
void flatten(const json::value& value, const std::string& path, Imports& imports) {
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      const std::string name(member.key());
      flatten(member.value(), path.empty() ? name : path + "/" + name, imports);
    }
    return;
  }
  if (value.is_null()) return;
  imports.push_back(
      {path, value.is_string() ? SecureString(value.get_string()) : to_secure_json(value)});
}

/// `vault kv get -format=json` wraps its data in metadata, of version 2 of the engine twice.
const json::value& unwrap_vault_kv(const json::value& value) {
  if (!value.is_object()) return value;
  const json::object& object = value.get_object();
  const json::value* const data = object.if_contains("data");
  if (data == nullptr || !data->is_object()) return value;
  const bool v2 = data->get_object().contains("data") && data->get_object().contains("metadata");
  if (v2) return data->get_object().at("data");
  return object.contains("lease_duration") || object.contains("request_id") ? *data : value;
}

/// An export of many paths: an object (or array) whose items may each be wrapped.
json::value unwrap_all(const json::value& value) {
  const json::value& inner = unwrap_vault_kv(value);
  if (&inner != &value || !inner.is_object()) return inner;
  json::object unwrapped(wiping_storage());
  for (const auto& member : inner.get_object()) {
    std::string_view name = member.key();
    while (name.ends_with('/')) name.remove_suffix(1);
    while (name.starts_with('/')) name.remove_prefix(1);
    unwrapped[name] = unwrap_all(member.value());
  }
  return unwrapped;
}

Result<Imports> read_imports(const ImportOptions& options) {
  TRY(const SecureString text, read_file(options.file));
  std::string format = options.format;
  const std::size_t ink = text.view().find_first_not_of(" \t\r\n");
  if (format.empty()) {
    format = ink != std::string_view::npos && text.view()[ink] == '{' ? "json" : "env";
  }
  if (format == "env") return parse_dotenv(text.view());
  if (format != "json" && format != "vault-kv") {
    return problems::bad_request("--format is env, json or vault-kv.");
  }
  boost::system::error_code error;
  const json::value value = json::parse(text.view(), error, wiping_storage());
  if (error || !value.is_object()) {
    return problems::bad_request(options.file + " isn't one JSON object.");
  }
  Imports imports;
  // A plain JSON file with a member `data` is not taken for an export unless it looks like one.
  flatten(unwrap_all(value), "", imports);
  return imports;
}

Result<int> import(Context& context, ImportOptions& options) {
  TRY(const Imports imports, read_imports(options));
  for (const Variable& item : imports) {
    Result<void> valid = validate_secret_path(options.prefix + item.name);
    if (valid.ok()) continue;
    return problems::bad_request("\"" + options.prefix + item.name +
                                 "\" can't be a secret's path; nothing was stored.");
  }
  TRY(const std::string vault_id, context.vault_id());
  std::set<std::string> taken;
  if (!options.force) {
    TRY(const std::vector<json::object> secrets, list_secrets(context, vault_id, options.prefix));
    for (const json::object& secret : secrets) taken.emplace(secret.at("path").as_string());
  }
  std::size_t stored = 0;
  std::size_t kept = 0;
  Progress progress("Importing", imports.size());
  for (const Variable& item : imports) {
    const std::string path = options.prefix + item.name;
    progress.advance();
    if (taken.contains(path)) {
      ++kept;
      if (options.dry_run) std::cout << "keep\t" << printable(path) << "\n";
      continue;
    }
    ++stored;
    if (options.dry_run) {
      std::cout << "store\t" << printable(path) << "\n";
      continue;
    }
    json::object body(wiping_storage());
    body["value"] = item.value.view();
    CHECK_OK(put_secret(context, vault_id, path, std::move(body)));
  }
  note(
      (options.dry_run ? "Would store " : "Stored ") + std::to_string(stored) + " secrets" +
      (kept > 0 ? ", left " + std::to_string(kept) + " that exist (--force replaces them)." : "."));
  return kDone;
}

struct InjectOptions {
  std::string in;
  std::string out;
};

Result<int> inject(Context& context, InjectOptions& options) {
  TRY(const SecureString text, read_file(options.in));
  References references(context);
  TRY(const SecureString filled, references.fill(text.view()));
  if (options.out.empty()) {
    std::cout << filled.view();
    return kDone;
  }
  CHECK_OK(write_private_file(options.out, filled.view()));
  note("Wrote " + options.out + " (0600).");
  return kDone;
}

}  // namespace

void add_import_command(CLI::App& app, Context& context) {
  add_command<ImportOptions>(
      app, context, "import",
      "Store what a .env file, a JSON file or a Vault KV export holds; nested JSON becomes paths.",
      [](CLI::App& command, ImportOptions& options) {
        command.add_option("file", options.file, "The file; - is standard input")
            ->required()
            ->type_name("FILE");
        command.add_option("--format", options.format,
                           "env, json or vault-kv; told from the content when missing");
        command.add_option("--prefix", options.prefix, "Goes before each path")
            ->type_name("PREFIX");
        command.add_flag("--dry-run", options.dry_run, "Only say what would be stored");
        command.add_flag("--force", options.force, "Replace secrets that exist");
      },
      import);
}

void add_inject_command(CLI::App& app, Context& context) {
  add_command<InjectOptions>(
      app, context, "inject",
      "Fill a template: each oneclaw://VAULT/PATH#VERSION in it, bare or in {{ }}, becomes its "
      "value.",
      [](CLI::App& command, InjectOptions& options) {
        command.add_option("--in,-i", options.in, "The template; - is standard input")
            ->required()
            ->type_name("FILE");
        command.add_option("--out,-o", options.out, "Write to a file (0600)")->type_name("FILE");
      },
      inject);
}

}  // namespace oneclaw::cli

// vault list | create | get | link | unlink | delete
#include <boost/json.hpp>
#include <iostream>

#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

const std::vector<Field> kRecord{{"id", "id"},
                                 {"name", "name"},
                                 {"description", "description"},
                                 {"created by", "created_by"},
                                 {"created", "created_at"}};

Result<int> list(Context& context, NoOptions& /*options*/) {
  TRY(const json::value answer, context.client().get("/v1/vaults"));
  print_rows(
      context.format(), answer, "vaults",
      {{"ID", "id"}, {"NAME", "name"}, {"DESCRIPTION", "description"}, {"CREATED", "created_at"}});
  return kDone;
}

struct CreateOptions {
  std::string name;
  std::string description;
  bool link = false;
};

Result<int> create(Context& context, CreateOptions& options) {
  json::object body;
  body["name"] = options.name;
  if (!options.description.empty()) body["description"] = options.description;
  TRY(const json::value vault, context.client().call("POST", "/v1/vaults", body));
  if (options.link) CHECK_OK(context.settings().set("default-vault", cell(vault, "id")));
  print_record(context.format(), vault, kRecord);
  return kDone;
}

struct VaultOptions {
  std::string vault;
  bool yes = false;
};

void vault_option(CLI::App& command, VaultOptions& options) {
  command.add_option("vault", options.vault, "The vault's id or name")
      ->required()
      ->type_name("VAULT");
}

Result<int> get(Context& context, VaultOptions& options) {
  TRY(const std::string id, context.find_vault(options.vault));
  TRY(const json::value vault, context.client().get("/v1/vaults/" + id));
  print_record(context.format(), vault, kRecord);
  return kDone;
}

Result<int> link(Context& context, VaultOptions& options) {
  TRY(const std::string id, context.find_vault(options.vault));
  TRY(const json::value vault, context.client().get("/v1/vaults/" + id));
  CHECK_OK(context.settings().set("default-vault", id));
  note("Commands now use the vault " + cell(vault, "name") + " unless told otherwise.");
  return kDone;
}

Result<int> unlink(Context& context, NoOptions& /*options*/) {
  CHECK_OK(context.settings().set("default-vault", ""));
  note("Commands use no vault by default any more.");
  return kDone;
}

Result<int> remove(Context& context, VaultOptions& options) {
  TRY(const std::string id, context.find_vault(options.vault));
  if (!options.yes) {
    TRY(const bool sure, confirm("Delete the vault " + options.vault + " and all in it?"));
    if (!sure) return kFailed;
  }
  CHECK_OK(context.client().call("DELETE", "/v1/vaults/" + id));
  note("Deleted the vault " + options.vault + ".");
  return kDone;
}

}  // namespace

void add_vault_commands(CLI::App& app, Context& context) {
  CLI::App& vault = add_group(app, "vault", "Make, list and choose vaults.");
  add_command<NoOptions>(vault, context, "list", "List the vaults you see.", no_options, list);
  add_command<CreateOptions>(
      vault, context, "create", "Make a vault.",
      [](CLI::App& command, CreateOptions& options) {
        command.add_option("name", options.name, "Its name")->required()->type_name("NAME");
        command.add_option("--description", options.description, "What it is for");
        command.add_flag("--link", options.link, "Use it by default from now on");
      },
      create);
  add_command<VaultOptions>(vault, context, "get", "Show a vault.", vault_option, get);
  add_command<VaultOptions>(vault, context, "link", "Use a vault by default.", vault_option, link);
  add_command<NoOptions>(vault, context, "unlink", "Use no vault by default.", no_options, unlink);
  add_command<VaultOptions>(
      vault, context, "delete", "Delete a vault and all in it.",
      [](CLI::App& command, VaultOptions& options) {
        vault_option(command, options);
        command.add_flag("--yes,-y", options.yes, "Don't ask");
      },
      remove);
}

}  // namespace oneclaw::cli

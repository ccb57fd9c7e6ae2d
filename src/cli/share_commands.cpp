// share create | list | get | accept | decline | revoke
#include <boost/json.hpp>
#include <iostream>

#include "base/uuid.h"
#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

struct CreateOptions {
  std::string path;
  std::string to;
  bool link = false;
  std::string expires = "1d";
  std::optional<std::int64_t> most_reads;
  bool passphrase = false;
  std::vector<std::string> addresses;
};

/// `user:ID`, `agent:ID` or an email address.
Result<void> set_recipient(json::object& body, const CreateOptions& options) {
  if (options.link) {
    body["recipient_type"] = "anyone_with_link";
  } else if (options.to.starts_with("user:") || options.to.starts_with("agent:")) {
    const std::size_t colon = options.to.find(':');
    body["recipient_type"] = options.to.substr(0, colon);
    body["recipient_id"] = options.to.substr(colon + 1);
  } else if (options.to.find('@') != std::string::npos) {
    body["recipient_type"] = "external_email";
    body["email"] = options.to;
  } else {
    return problems::bad_request("With whom? --link, or --to user:ID, agent:ID or an address.");
  }
  return {};
}

/// The secret's id: of a path in the vault, a reference, or the id itself.
Result<std::string> secret_id(Context& context, const std::string& path) {
  if (Uuid::parse(path)) return path;
  std::string vault_id;
  std::string inner = path;
  if (path.starts_with(SecretReference::kScheme)) {
    TRY(const SecretReference reference, SecretReference::parse(path));
    TRY(vault_id, context.find_vault(reference.vault));
    inner = reference.path;
  } else {
    TRY(vault_id, context.vault_id());
  }
  TRY(const json::value answer,
      context.client().get("/v1/vaults/" + vault_id + "/secret-versions/" + encode_path(inner)));
  const json::array& versions = answer.at("versions").as_array();
  if (versions.empty()) return problems::not_found("No secret at that path.");
  return cell(versions.front(), "id");
}

Result<int> create(Context& context, CreateOptions& options) {
  json::object body(wiping_storage());
  CHECK_OK(set_recipient(body, options));
  TRY(body["expires_at"], parse_expiry(options.expires));
  if (options.most_reads) body["max_access_count"] = *options.most_reads;
  if (options.passphrase) {
    TRY(const SecureString passphrase, ask_hidden("Passphrase that the recipient must know:"));
    body["passphrase"] = passphrase.view();
  }
  if (!options.addresses.empty()) {
    body["ip_allowlist"] = json::array(options.addresses.begin(), options.addresses.end());
  }
  TRY(const std::string id, secret_id(context, options.path));
  TRY(const json::value share, context.client().call("POST", "/v1/secrets/" + id + "/share", body));
  if (context.quiet || context.format() == Format::kPlain) {
    std::cout << cell(share, "share_url") << "\n";
    return kDone;
  }
  print_record(context.format(), share,
               {{"id", "id"},
                {"for", "recipient_type"},
                {"email", "recipient_email"},
                {"expires", "expires_at"},
                {"most reads", "max_access_count"},
                {"link", "share_url"}});
  return kDone;
}

struct ListOptions {
  bool inbound = false;
};

Result<int> list(Context& context, ListOptions& options) {
  TRY(const json::value answer,
      context.client().get(options.inbound ? "/v1/shares/inbound" : "/v1/shares/outbound"));
  print_rows(context.format(), answer, "shares",
             {{"ID", "id"},
              {"PATH", "secret_path"},
              {"FOR", "recipient_type"},
              {"EMAIL", "recipient_email"},
              {"READS", "access_count"},
              {"MOST", "max_access_count"},
              {"EXPIRES", "expires_at"},
              {"ACCEPTED", "is_accepted"}});
  return kDone;
}

struct IdOptions {
  std::string id;
};

void id_option(CLI::App& command, IdOptions& options) {
  command.add_option("id", options.id, "The share's id")->required()->type_name("ID");
}

Result<int> accept(Context& context, IdOptions& options) {
  CHECK_OK(context.client().call("POST", "/v1/shares/" + percent_encode(options.id) + "/accept"));
  note("Accepted.");
  return kDone;
}

Result<int> decline(Context& context, IdOptions& options) {
  CHECK_OK(context.client().call("POST", "/v1/shares/" + percent_encode(options.id) + "/decline"));
  note("Declined.");
  return kDone;
}

Result<int> revoke(Context& context, IdOptions& options) {
  CHECK_OK(context.client().call("DELETE", "/v1/share/" + percent_encode(options.id)));
  note("Revoked: nobody can read it by that share any more.");
  return kDone;
}

}  // namespace

void add_share_commands(CLI::App& app, Context& context) {
  CLI::App& share = add_group(app, "share", "Share one secret with a person, an agent or a link.");
  add_command<CreateOptions>(
      share, context, "create", "Share a secret until it expires.",
      [](CLI::App& command, CreateOptions& options) {
        command.add_option("path", options.path, "A path in the vault, oneclaw://VAULT/PATH or id")
            ->required()
            ->type_name("PATH");
        command.add_option("--to", options.to, "user:ID, agent:ID or an email address");
        command.add_flag("--link", options.link, "Whoever has the link may read it");
        command.add_option("--expires", options.expires, "30m, 12h, 7d or a date-time (1d)")
            ->type_name("TIME");
        command.add_option("--max-reads", options.most_reads, "How often it may be read");
        command.add_flag("--passphrase", options.passphrase, "Ask for a passphrase to read it");
        command.add_option("--ip", options.addresses, "Only from these CIDR blocks")
            ->delimiter(',')
            ->type_name("LIST");
      },
      create);
  add_command<ListOptions>(
      share, context, "list", "List the shares you made.",
      [](CLI::App& command, ListOptions& options) {
        command.add_flag("--inbound", options.inbound, "Those made for you instead");
      },
      list);
  add_command<IdOptions>(share, context, "accept", "Accept a share.", id_option, accept);
  add_command<IdOptions>(share, context, "decline", "Decline a share.", id_option, decline);
  add_command<IdOptions>(share, context, "revoke", "End a share.", id_option, revoke);
}

}  // namespace oneclaw::cli

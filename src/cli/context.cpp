#include "cli/context.h"

#include <boost/json.hpp>
#include <charconv>
#include <iostream>

#include "base/uuid.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8118";

std::string next_step(const Problem& problem) {
  if (problem.code == "approval_required") {
    return "A person must allow this first. Ask with: oneclaw approval request secret.read PATH";
  }
  switch (exit_code(problem)) {
    case kNotSignedIn:
      return environment("ONECLAW_TOKEN") || environment("ONECLAW_API_KEY") ||
                     environment("ONECLAW_AGENT_API_KEY")
                 ? "Check the ONECLAW_ variable that holds your token or key, or unset it and "
                   "sign in with: oneclaw login"
                 : "Sign in with: oneclaw login";
    case kNotAllowed:
      return "Someone who reaches the vault whole can let you: oneclaw policy create. "
             "Who you are: oneclaw whoami";
    case kNotFound:
      return "See what there is with: oneclaw vault list, oneclaw secret list";
    case kUnreachable:
      return problem.status == 0
                 ? "Is the server running there? Set its URL with --base-url, ONECLAW_BASE_URL or: "
                   "oneclaw config set api-url URL. To look into it: oneclaw doctor"
                 : "Try again in " + std::to_string(problem.retry_after_seconds.value_or(1)) +
                       " s.";
    default:
      return {};
  }
}

}  // namespace

int exit_code(const Problem& problem) {
  switch (problem.status) {
    case 0:
    case 429:
    case 503:
      return kUnreachable;
    case 400:
    case 413:
      return kUsage;
    case 401:
      return kNotSignedIn;
    case 403:
      return kNotAllowed;
    case 404:
    case 410:
      return kNotFound;
    case 409:
      return kConflict;
    default:
      return kFailed;
  }
}

Result<void> Context::start() {
  TRY(settings_, Settings::load());
  std::string output = output_option;
  if (json_option) output = "json";
  if (output.empty()) output = settings_.get("output-format").value_or("table");
  TRY(format_, parse_format(output));
  set_quiet(quiet);
  return {};
}

std::string Context::base_url() const {
  if (!base_url_option.empty()) return base_url_option;
  if (const auto url = environment("ONECLAW_BASE_URL")) return *url;
  return settings_.get("api-url").value_or(std::string(kDefaultUrl));
}

Client& Context::client() {
  if (!client_) {
    std::string ca = ca_option;
    if (ca.empty()) ca = environment("ONECLAW_CA_CERT").value_or("");
    if (ca.empty()) ca = settings_.get("ca-cert").value_or("");
    client_ = std::make_unique<Client>(base_url(), ca);
  }
  return *client_;
}

std::optional<std::string> Context::named_vault() const {
  if (!vault_option.empty()) return vault_option;
  if (const auto vault = environment("ONECLAW_VAULT_ID")) return vault;
  return settings_.get("default-vault");
}

bool Context::names_vault() const {
  return named_vault().has_value();
}

Result<std::string> Context::find_vault(const std::string& name_or_id) {
  if (Uuid::parse(name_or_id)) return name_or_id;
  TRY(const json::value answer, client().get("/v1/vaults"));
  for (const json::value& vault : answer.at("vaults").as_array()) {
    if (cell(vault, "name") == name_or_id) return cell(vault, "id");
  }
  return problems::not_found("You see no vault of the name " + name_or_id + ".");
}

Result<std::string> Context::vault_id() {
  if (const auto named = named_vault()) return find_vault(*named);
  TRY(const json::value answer, client().get("/v1/vaults"));
  std::string only;
  std::size_t count = 0;
  for (const json::value& vault : answer.at("vaults").as_array()) {
    if (cell(vault, "name").starts_with("__")) continue;  // the server's own
    only = cell(vault, "id");
    ++count;
  }
  if (count == 1) return only;
  return problems::bad_request(
      count == 0 ? "You see no vault yet. Make one with: oneclaw vault create NAME"
                 : "Which vault? Name it with --vault or ONECLAW_VAULT_ID, or choose one for good "
                   "with: oneclaw vault link NAME");
}

CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& what) {
  CLI::App* const group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  return *group;
}

void add_commands(CLI::App& app, Context& context) {
  app.fallthrough();
  app.add_option("--base-url,--api-url", context.base_url_option,
                 "The server's URL (ONECLAW_BASE_URL)")
      ->type_name("URL");
  app.add_option("--vault,-v", context.vault_option, "A vault's id or name (ONECLAW_VAULT_ID)")
      ->type_name("VAULT");
  app.add_option("--output,-O", context.output_option, "table, json or plain")->type_name("FORMAT");
  app.add_flag("--json", context.json_option, "The same as --output json");
  app.add_flag("--quiet,-q", context.quiet, "Say nothing but the answer");
  app.add_option("--ca-cert", context.ca_option,
                 "PEM certificates to trust instead of the system's (ONECLAW_CA_CERT)")
      ->type_name("FILE");
  add_auth_commands(app, context);
  add_vault_commands(app, context);
  add_secret_commands(app, context);
  add_env_commands(app, context);
  add_import_command(app, context);
  add_inject_command(app, context);
  add_share_commands(app, context);
  add_policy_commands(app, context);
  add_agent_commands(app, context);
  add_approval_commands(app, context);
  add_audit_commands(app, context);
  add_key_commands(app, context);
  add_mfa_commands(app, context);
  add_org_commands(app, context);
  add_config_commands(app, context);
  add_mcp_command(app, context);
  add_doctor_command(app, context);
  add_help_commands(app, context);
}

bool takes_trailing(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "__complete") return true;
    if (words[i] == "env" && i + 1 < words.size() && words[i + 1] == "run") return true;
  }
  return false;
}

int run(Context& context) {
  try {
    const Result<void> started = context.start();
    const Result<int> code = started.ok() ? context.action() : Result<int>(started.problem());
    std::cout.flush();
    if (code.ok()) return *code;
    print_problem(code.problem(), next_step(code.problem()));
    return exit_code(code.problem());
  } catch (const std::exception&) {
    // An answer of another shape than the API's.
    std::cerr << "oneclaw: What answers at " << context.base_url()
              << " doesn't speak the oneclaw API as this version knows it.\n";
    return kFailed;
  }
}

Result<std::string> parse_expiry(const std::string& text) {
  if (parse_rfc3339(text)) return text;
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc{} && rest + 1 == end && count > 0 && count < 100'000) {
    std::int64_t minutes = 0;
    if (*rest == 'm') minutes = 1;
    if (*rest == 'h') minutes = 60;
    if (*rest == 'd') minutes = 24 * 60;
    if (minutes > 0) return to_rfc3339(now() + std::chrono::minutes(count * minutes));
  }
  return problems::bad_request("A time is 30m, 12h, 7d or an RFC 3339 date-time, not " + text +
                               ".");
}

}  // namespace oneclaw::cli

// What every command works with, and how commands are added.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/settings.h"

namespace oneclaw::cli {

/// Gives the exit code, or the problem that print_problem() is to show.
using Action = std::function<Result<int>()>;

class Context {
 public:
  // Global options, and what stood after `--`.
  std::string base_url_option;
  std::string vault_option;
  std::string output_option;
  std::string ca_option;
  bool json_option = false;
  bool quiet = false;
  std::vector<std::string> trailing;

  /// The chosen command, set by CLI11's parse.
  Action action;

  /// Reads settings and options. Before any of the below.
  Result<void> start();
  Client& client();
  Settings& settings() { return settings_; }
  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] std::string base_url() const;

  /// The vault of `--vault`, ONECLAW_VAULT_ID, `default-vault`, or the only one there is.
  Result<std::string> vault_id();
  /// The id of a vault given by id or name; 404 for a name that no vault has.
  Result<std::string> find_vault(const std::string& name_or_id);
  /// Whether one was named at all.
  [[nodiscard]] bool names_vault() const;

 private:
  [[nodiscard]] std::optional<std::string> named_vault() const;

  Settings settings_;
  Format format_ = Format::kTable;
  std::unique_ptr<Client> client_;
};

/// Adds `name` to `parent`: `describe` adds its options, `run` carries it out.
template <class Options>
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& what, void (*describe)(CLI::App&, Options&),
                      Result<int> (*run)(Context&, Options&)) {
  CLI::App* const command = parent.add_subcommand(name, what);
  auto options = std::make_shared<Options>();
  describe(*command, *options);
  command->callback([&context, options, run] {
    context.action = [&context, options, run] { return run(context, *options); };
  });
  return command;
}

struct NoOptions {};
inline void no_options(CLI::App& /*app*/, NoOptions& /*options*/) {}

/// A group such as `oneclaw vault`.
CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& what);

// Each adds the commands of one file.
void add_auth_commands(CLI::App& app, Context& context);
void add_vault_commands(CLI::App& app, Context& context);
void add_secret_commands(CLI::App& app, Context& context);
void add_scan_command(CLI::App& secret, Context& context);
void add_policy_commands(CLI::App& app, Context& context);
void add_approval_commands(CLI::App& app, Context& context);
void add_agent_commands(CLI::App& app, Context& context);
void add_binding_commands(CLI::App& agent, Context& context);
void add_env_commands(CLI::App& app, Context& context);
void add_import_command(CLI::App& app, Context& context);
void add_inject_command(CLI::App& app, Context& context);
void add_audit_commands(CLI::App& app, Context& context);
void add_key_commands(CLI::App& app, Context& context);
void add_mfa_commands(CLI::App& app, Context& context);
void add_org_commands(CLI::App& app, Context& context);
void add_share_commands(CLI::App& app, Context& context);
void add_config_commands(CLI::App& app, Context& context);
void add_doctor_command(CLI::App& app, Context& context);
void add_mcp_command(CLI::App& app, Context& context);
void add_help_commands(CLI::App& app, Context& context);

/// All of the above, and the global options.
void add_commands(CLI::App& app, Context& context);
/// Whether the command of these words takes what stands after `--` as it is.
bool takes_trailing(const std::vector<std::string>& words);
/// Runs the chosen command; gives the exit code.
int run(Context& context);

/// `2026-12-31T00:00:00Z` as it is; `30m`, `12h`, `7d` from now, in RFC 3339. 400 otherwise.
Result<std::string> parse_expiry(const std::string& text);

}  // namespace oneclaw::cli

// oneclaw: the server and its clients in one binary.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "base/secure.h"
#include "cli/context.h"
#include "cli/usage_error.h"
#include "operator/commands.h"
#include "server/application.h"
#include "server/config.h"
#include "server/logging.h"

namespace {

using oneclaw::Problem;
using oneclaw::Result;

struct ServerFlags {
  std::string config_file;
  std::string data;
  std::string database;
  std::string database_replica;
  std::string listen;
  std::string keyring;
  std::string tls_cert;
  std::string tls_key;
  bool print_routes = false;
};

int fail(const Problem& problem) {
  std::cerr << "oneclaw: " << problem.detail << "\n";
  for (const oneclaw::FieldError& error : problem.fields) {
    std::cerr << "  " << error.field << " " << error.message << "\n";
  }
  return 1;
}

/// Defaults, then the config file, then the environment and flags (CLI11 puts flags first).
Result<oneclaw::server::Config> make_config(const ServerFlags& flags) {
  oneclaw::server::Config config;
  if (!flags.config_file.empty()) {
    CHECK_OK(oneclaw::server::read_config_file(flags.config_file, config));
  }
  if (!flags.data.empty()) config.data = flags.data;
  if (!flags.database.empty()) config.database = flags.database;
  if (!flags.database_replica.empty()) config.database_replica = flags.database_replica;
  for (const char* name : {"ONECLAW_DATABASE", "ONECLAW_DATABASE_REPLICA"}) {
    ::unsetenv(name);  // its password is nobody else's business
  }
  if (!flags.listen.empty()) CHECK_OK(oneclaw::server::set_listen(config, flags.listen));
  if (!flags.keyring.empty()) config.keyring_uri = flags.keyring;
  if (!flags.tls_cert.empty()) config.http.tls_cert = flags.tls_cert;
  if (!flags.tls_key.empty()) config.http.tls_key = flags.tls_key;
  if (config.http.tls_cert.empty() != config.http.tls_key.empty()) {
    return oneclaw::problems::bad_request("TLS needs both a certificate and a key.");
  }
  if (const char* password = std::getenv("ONECLAW_SMTP_PASSWORD")) {
    config.smtp.password = oneclaw::SecureString(password);
    ::unsetenv("ONECLAW_SMTP_PASSWORD");
  }
  return config;
}

int serve(const ServerFlags& flags) {
  const auto config = make_config(flags);
  if (!config.ok()) return fail(config.problem());
  oneclaw::server::set_up_logging(config->log_json, config->log_level);
  auto application = oneclaw::server::Application::create(*config);
  if (!application.ok()) return fail(application.problem());
  if (flags.print_routes) {
    for (const std::string& route : (*application)->routes()) std::cout << route << "\n";
    return 0;
  }
  std::cout << "oneclaw is listening on "
            << oneclaw::server::listening_url(*config, (*application)->port()) << std::endl;
  (*application)->run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    std::cerr << "oneclaw: libsodium can't be started.\n";
    return 1;
  }
  CLI::App app("oneclaw: a self-hosted secrets manager for people and their AI agents.", "oneclaw");
  app.set_version_flag("--version", ONECLAW_VERSION);
  app.require_subcommand(1);

  ServerFlags flags;
  CLI::App* server = app.add_subcommand("server", "Run the server.");
  server->add_option("--data", flags.data, "Data folder (default ./oneclaw-data)")
      ->envname("ONECLAW_DATA");
  server
      ->add_option("--database", flags.database,
                   "postgresql://… to share among nodes (default: SQLite in the data folder)")
      ->envname("ONECLAW_DATABASE");
  server
      ->add_option("--database-replica", flags.database_replica,
                   "postgresql://… of a replica for long lists and audit queries")
      ->envname("ONECLAW_DATABASE_REPLICA");
  server->add_option("--listen", flags.listen, "HOST:PORT (default 127.0.0.1:8118)")
      ->envname("ONECLAW_LISTEN");
  server
      ->add_option("--keyring", flags.keyring,
                   "Who holds the root key (default file:): docs/configuration.md")
      ->envname("ONECLAW_KEYRING");
  server->add_option("--config", flags.config_file, "Config file, JSON: docs/configuration.md");
  server->add_option("--tls-cert", flags.tls_cert, "Certificate chain, PEM");
  server->add_option("--tls-key", flags.tls_key, "Private key, PEM");
  server->add_flag("--print-routes", flags.print_routes, "Print every route, and end");

  std::function<int()> run = [&flags] { return serve(flags); };
  oneclaw::operators::add_commands(app, run);

  oneclaw::cli::Context context;
  oneclaw::cli::add_commands(app, context);

  // What stands after `--` is some other program's: CLI11 would read `[a,b]` there as a list.
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto mark = std::find(arguments.begin(), arguments.end(), "--");
      mark != arguments.end() && oneclaw::cli::takes_trailing({arguments.begin(), mark})) {
    context.trailing.assign(mark + 1, arguments.end());
    arguments.erase(mark, arguments.end());
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes a vector from its end
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return oneclaw::cli::report_usage_error(app, error);
  }
  return context.action ? oneclaw::cli::run(context) : run();
}

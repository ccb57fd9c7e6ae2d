#include "cli/usage_error.h"

#include "base/problem.h"
#include "cli/exit_codes.h"
#include "cli/output.h"

namespace oneclaw::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) {
    return !command->get_name().empty() && !command->get_group().empty();
  });
}

}  // namespace

int report_usage_error(CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // asked for help
  const CLI::App* at = &app;
  std::string name = app.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  const std::vector<const CLI::App*> commands = commands_of(*at);
  const std::vector<std::string> rest = app.remaining(true);
  const std::string help = "See: " + name + " --help";
  if (commands.empty() || (!rest.empty() && rest.front().starts_with('-'))) {
    print_problem(problems::bad_request(std::string(error.what()) + "."), help);
    return kUsage;
  }
  std::string next = help;
  if (at != &app) {
    std::string names;
    for (const CLI::App* command : commands) {
      names += (names.empty() ? "" : ", ") + command->get_name();
    }
    next = "There are: " + names + ". " + help;
  }
  print_problem(problems::bad_request(rest.empty() ? "`" + name + "` needs a command."
                                                   : "There is no command `" + name + " " +
                                                         rest.front() + "`."),
                next);
  return kUsage;
}

}  // namespace oneclaw::cli

#include "cli/help_pages.h"

#include <array>
#include <functional>

#include "cli/context.h"

namespace oneclaw::cli {

namespace {

struct ExitMeaning {
  int code;
  std::string_view meaning;
};
constexpr std::array<ExitMeaning, 9> kExitMeanings{{
    {kDone, "done"},
    {kFailed, "failed"},
    {kUsage, "a wrong command line, or a value that the server refuses (400, 413)"},
    {kNotSignedIn, "no credentials, or ones that are not accepted (401)"},
    {kNotAllowed, "not allowed (403)"},
    {kNotFound, "no such thing, or it is gone (404, 410)"},
    {kConflict, "in conflict with what there is (409)"},
    {kUnreachable, "no answer from the server, or it is busy (429, 503)"},
    {kSecretsFound, "`secret scan` found something"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kVariables{{
    {"ONECLAW_BASE_URL", "The server's URL."},
    {"ONECLAW_TOKEN", "A token to call with, instead of the session of `oneclaw login`."},
    {"ONECLAW_API_KEY", "A personal (`1ck_`) or agent key (`ocv_`) to trade for a token."},
    {"ONECLAW_AGENT_API_KEY", "An agent's key (`ocv_`) to trade for a token."},
    {"ONECLAW_AGENT_ID", "The agent whose key it is, to be sure."},
    {"ONECLAW_VAULT_ID", "The vault to use, by id or name."},
    {"ONECLAW_CA_CERT", "PEM certificates to trust instead of the system's."},
    {"NO_COLOR", "When set, no colours."},
}};

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::vector<const CLI::Option*> options(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> list;
  for (const CLI::Option* option : app.get_options()) {
    const bool named = option->nonpositional();
    const bool help = option == app.get_help_ptr() && app.get_parent() != nullptr;
    if (named != positional && !help && !option->get_group().empty()) list.push_back(option);
  }
  return list;
}

/// `--name,-n TYPE`
std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_lnames()) {
    names += (names.empty() ? "--" : ", --") + name;
  }
  for (const std::string& name : option.get_snames()) {
    names += (names.empty() ? "-" : ", -") + name;
  }
  const std::string type = option.get_type_name();
  if (option.get_items_expected_max() > 0 && !type.empty()) {
    names += " " + (type == "TEXT" || type == "INT" || type == "BOOLEAN" ? "VALUE" : type);
  }
  return names;
}

std::string usage(const CLI::App& command, const std::string& path) {
  std::string text = path;
  for (const CLI::Option* option : options(command, true)) {
    const std::string name =
        option->get_type_name() == "TEXT" ? option->get_single_name() : option->get_type_name();
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  if (!options(command, false).empty()) text += " [OPTIONS]";
  return text;
}

/// Visits every command, depth first, with its full name.
void walk(const CLI::App& app, const std::string& path,
          const std::function<void(const CLI::App&, const std::string&)>& visit) {
  for (const CLI::App* sub : subcommands(app)) {
    const std::string name = path + " " + sub->get_name();
    if (subcommands(*sub).empty()) {
      visit(*sub, name);
    } else {
      walk(*sub, name, visit);
    }
  }
}

std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c != '`') {
      escaped += c;
    }
  }
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

void append_options(std::string& page, const CLI::App& app, bool man) {
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options(app, positional)) {
      std::string names = option_names(*option);
      if (positional) {
        const std::string type = option->get_type_name();
        names = (type == "TEXT" ? option->get_single_name() : type) +
                (option->nonpositional() ? ", " + names : "");
      }
      page += man ? ".TP\n.B " + roff(names) + "\n" + roff(option->get_description()) + "\n"
                  : "- `" + names + "`: " + option->get_description() + "\n";
    }
  }
}

}  // namespace

std::string markdown_page(const CLI::App& app) {
  std::string page =
      "# The command line\n\n"
      "<!-- Made by packaging/cli-docs from the commands' own help: edit that, not this. -->\n\n" +
      app.get_description() +
      "\n\n## Global options\n\nThey may stand before or after a command.\n\n";
  append_options(page, app, false);
  page += "\n## Environment\n\n| variable | meaning |\n|---|---|\n";
  for (const auto& [name, meaning] : kVariables) {
    page += "| `" + std::string(name) + "` | " + std::string(meaning) + " |\n";
  }
  page += "\n## Exit codes\n\n| code | meaning |\n|---|---|\n";
  for (const ExitMeaning& exit : kExitMeanings) {
    page += "| " + std::to_string(exit.code) + " | " + std::string(exit.meaning) + " |\n";
  }
  page +=
      "\n`env run` ends with the exit code of its command, 127 when there is no such command "
      "and 126 when it can't be run.\n\n## Commands\n";
  walk(app, "oneclaw", [&](const CLI::App& command, const std::string& path) {
    page += "\n### " + path + "\n\n" + command.get_description() + "\n\n```\n" +
            usage(command, path) + "\n```\n";
    std::string list;
    append_options(list, command, false);
    if (!list.empty()) page += "\n" + list;
  });
  return page;
}

std::string man_page(const CLI::App& app) {
  std::string page = ".TH ONECLAW 1 \"\" \"oneclaw\" \"User Commands\"\n.SH NAME\noneclaw \\- " +
                     roff("a self-hosted secrets manager for people and their AI agents") +
                     "\n.SH SYNOPSIS\n.B oneclaw\n.I COMMAND\n[OPTIONS]\n.SH GLOBAL OPTIONS\n";
  append_options(page, app, true);
  page += ".SH COMMANDS\n";
  walk(app, "oneclaw", [&](const CLI::App& command, const std::string& path) {
    page += ".SS " + roff(usage(command, path)) + "\n" + roff(command.get_description()) + "\n";
    append_options(page, command, true);
  });
  page += ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : kVariables) {
    page += ".TP\n.B " + roff(name) + "\n" + roff(meaning) + "\n";
  }
  page += ".SH EXIT STATUS\n";
  for (const ExitMeaning& exit : kExitMeanings) {
    page += ".TP\n.B " + std::to_string(exit.code) + "\n" + roff(exit.meaning) + "\n";
  }
  return page;
}

std::vector<std::string> complete(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    for (const CLI::App* sub : subcommands(*command)) {
      if (sub->get_name() == words[i]) {
        command = sub;
        break;
      }
    }
  }
  const std::string begun = words.empty() ? std::string() : words.back();
  std::vector<std::string> candidates;
  if (begun.starts_with('-')) {
    for (const CLI::App* level : {command, &app}) {
      for (const CLI::Option* option : level->get_options()) {
        for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
      }
      if (level == &app) break;
    }
  } else {
    for (const CLI::App* sub : subcommands(*command)) candidates.push_back(sub->get_name());
  }
  std::erase_if(candidates, [&](const std::string& name) { return !name.starts_with(begun); });
  return candidates;
}

Result<std::string> completion_script(std::string_view shell) {
  // Where oneclaw has no candidates the shell completes file names.
  if (shell == "bash") {
    return std::string(
        "_oneclaw() {\n"
        "  local IFS=$'\\n'\n"
        "  COMPREPLY=($(oneclaw __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
        "}\n"
        "complete -o default -F _oneclaw oneclaw\n");
  }
  if (shell == "zsh") {
    return std::string(
        "#compdef oneclaw\n"
        "_oneclaw() {\n"
        "  local -a candidates\n"
        "  candidates=(${(f)\"$(oneclaw __complete -- \"${(@)words[2,$CURRENT]}\" "
        "2>/dev/null)\"})\n"
        "  if (( $#candidates )); then compadd -a candidates; else _files; fi\n"
        "}\n"
        "compdef _oneclaw oneclaw\n");
  }
  if (shell == "fish") {
    return std::string(
        "function __oneclaw_complete\n"
        "  set -l words (commandline -opc) (commandline -ct)\n"
        "  set -l candidates (oneclaw __complete -- $words[2..-1] 2>/dev/null)\n"
        "  if set -q candidates[1]\n"
        "    printf '%s\\n' $candidates\n"
        "  else\n"
        "    __fish_complete_path (commandline -ct)\n"
        "  end\n"
        "end\n"
        "complete -c oneclaw -f -a '(__oneclaw_complete)'\n");
  }
  return problems::bad_request("Completion is for bash, zsh and fish.");
}

}  // namespace oneclaw::cli

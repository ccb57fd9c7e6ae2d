// docs/cli.md, the man page and shell completion, all made from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oneclaw::cli {

std::string markdown_page(const CLI::App& app);
/// man(7) source for oneclaw(1).
std::string man_page(const CLI::App& app);
/// A script to source; 400 for a shell other than bash, zsh, fish.
Result<std::string> completion_script(std::string_view shell);
/// What can follow `words`, the last of which is begun: subcommands or options.
std::vector<std::string> complete(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace oneclaw::cli

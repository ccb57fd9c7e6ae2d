// What is said of a command line that can't be understood.
#pragma once

#include <CLI/CLI.hpp>

namespace oneclaw::cli {

/// Prints help when `error` asks for it, else what is wrong and where to read on; the exit code.
int report_usage_error(CLI::App& app, const CLI::ParseError& error);

}  // namespace oneclaw::cli

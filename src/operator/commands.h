// `oneclaw operator …`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace oneclaw::operators {

/// Adds the command and its subcommands; the one that is chosen sets `run`, which gives the exit
/// code: 0 done, 1 refused or failed, 2 (status alone) sealed.
void add_commands(CLI::App& app, std::function<int()>& run);

}  // namespace oneclaw::operators

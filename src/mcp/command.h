// Runs a command and takes what it prints.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/child_environment.h"
#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::mcp {

struct Command {
  std::vector<std::string> words;
  std::string folder;  ///< empty: this process's
  std::string input;
  std::chrono::milliseconds timeout{60'000};
  std::size_t most_output_bytes = 1U << 20U;  ///< of each stream; what is more is read and dropped
};

struct CommandOutcome {
  int exit_code = 0;  ///< 128 + the signal's number when a signal ended it
  bool timed_out = false;
  bool out_cut = false;
  bool err_cut = false;
  SecureString out;
  SecureString err;
};

/// The command has a process group of its own, which is killed when the time is up: SIGTERM, and
/// SIGKILL two seconds later. 400 when it can't be started.
Result<CommandOutcome> run_command(const Command& command, ChildEnvironment& environment);

}  // namespace oneclaw::mcp

// Secrets typed by a person, or given on standard input: never on the command line, never echoed.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::operators {

/// One line from standard input. On a terminal, `question` is asked first (on standard error) and
/// nothing is echoed. 400 at the end of the input.
Result<SecureString> ask_hidden(const std::string& question);

/// ask_hidden() twice on a terminal, which must agree; once elsewhere.
Result<SecureString> ask_new_passphrase();

/// Whether standard input is a terminal.
bool is_interactive();

}  // namespace oneclaw::operators

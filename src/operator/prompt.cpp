#include "operator/prompt.h"

#include <unistd.h>

#include "base/prompt.h"

namespace oneclaw::operators {

bool is_interactive() {
  return ::isatty(STDIN_FILENO) == 1;
}

Result<SecureString> ask_hidden(const std::string& question) {
  if (!is_interactive()) return read_line(STDIN_FILENO);
  return ask_at_terminal(STDIN_FILENO, STDERR_FILENO, question + ": ", Answer::kHidden);
}

Result<SecureString> ask_new_passphrase() {
  TRY(SecureString first, ask_hidden("New passphrase"));
  if (!is_interactive()) return first;
  TRY(const SecureString second, ask_hidden("Again"));
  if (first.view() != second.view()) return problems::bad_request("The two are not the same.");
  return first;
}

}  // namespace oneclaw::operators

#include "operator/prompt.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

namespace oneclaw::operators {

namespace {

constexpr std::size_t kMostChars = 4096;

/// Turns echo off, and back on whatever happens but SIGKILL.
class QuietTerminal {
 public:
  QuietTerminal() {
    active_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!active_) return;
    // A Ctrl-C at the prompt must not leave the terminal mute.
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGINT, SIGTERM, SIGTSTP}) sigaddset(&blocked, number);
    ::sigprocmask(SIG_BLOCK, &blocked, &signals_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    if (!active_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &signals_, nullptr);
    std::cerr << "\n";
  }

 private:
  bool active_ = false;
  termios before_{};
  sigset_t signals_{};
};

}  // namespace

bool is_interactive() {
  return ::isatty(STDIN_FILENO) == 1;
}

Result<SecureString> ask_hidden(const std::string& question) {
  std::optional<QuietTerminal> quiet;
  if (is_interactive()) {
    quiet.emplace();  // before the question: who answers at once must not be echoed
    std::cerr << question << ": " << std::flush;
  }
  SecureString line;
  line.reserve(kMostChars);
  // By byte: a buffered stream would keep a copy.
  for (;;) {
    char c = 0;
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 && line.empty()) return problems::bad_request("Nothing was entered.");
    if (got <= 0 || c == '\n') break;
    if (line.size() == kMostChars) return problems::bad_request("That is too long.");
    if (c != '\r') line.push_back(c);
  }
  return line;
}

Result<SecureString> ask_new_passphrase() {
  TRY(SecureString first, ask_hidden("New passphrase"));
  if (!is_interactive()) return first;
  TRY(const SecureString second, ask_hidden("Again"));
  if (first.view() != second.view()) return problems::bad_request("The two are not the same.");
  return first;
}

}  // namespace oneclaw::operators

#include "base/prompt.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

namespace oneclaw {

namespace {

/// A terminal keeps so much of a line, and drops the rest without a word.
constexpr std::size_t kMostTerminalBytes = 4095;

/// Those that end the program, and the one that stops it.
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

// What a signal handler needs to put the terminal right.
int hidden_terminal = -1;               // NOLINT
termios shown_mode{};                   // NOLINT
termios hidden_mode{};                  // NOLINT
volatile std::sig_atomic_t hiding = 0;  // NOLINT

/// False in the background, where the terminal is somebody else's: setting it stops us there.
bool in_foreground() {
  const pid_t group = ::tcgetpgrp(hidden_terminal);
  return group < 0 || group == ::getpgrp();
}

extern "C" void show_and_raise(int number) {
  const int error = errno;
  if (in_foreground()) ::tcsetattr(hidden_terminal, TCSANOW, &shown_mode);
  struct sigaction ours {};
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(number, &usual, &ours);
  ::raise(number);
  sigset_t raised;
  sigemptyset(&raised);
  sigaddset(&raised, number);
  ::pthread_sigmask(SIG_UNBLOCK, &raised, nullptr);
  // Only who was stopped, and goes on, gets here.
  ::sigaction(number, &ours, nullptr);
  if (hiding != 0) ::tcsetattr(hidden_terminal, TCSAFLUSH, &hidden_mode);
  errno = error;
}

/// Turns echo off until destroyed.
class Hidden {
 public:
  explicit Hidden(int terminal) {
    if (::tcgetattr(terminal, &shown_mode) != 0) return;
    hidden_mode = shown_mode;
    hidden_mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden_terminal = terminal;
    struct sigaction ours {};
    ours.sa_handler = show_and_raise;
    ours.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], nullptr, &before_[i]);
      // What is ignored, as by nohup, stays so.
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &ours, nullptr);
    }
    active_ = true;
    hiding = 1;
    done_ = ::tcsetattr(terminal, TCSAFLUSH, &hidden_mode) == 0;
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (!active_) return;
    hiding = 0;
    // With what came after the line: the rest of a pasted secret is no command of a shell's.
    ::tcsetattr(hidden_terminal, TCSAFLUSH, &shown_mode);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  [[nodiscard]] bool done() const { return done_; }

 private:
  std::array<struct sigaction, kSignals.size()> before_{};
  bool active_ = false;
  bool done_ = false;
};

void say(int output, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(output, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Problem too_long() {
  return problems::bad_request("The line is too long.");
}

}  // namespace

Result<SecureString> read_line(int input) {
  SecureString line;
  line.reserve(kMostLineBytes);
  // By byte: a buffer would keep a copy, and take what follows.
  for (;;) {
    char c = 0;
    const ssize_t got = ::read(input, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problems::bad_request("The input can't be read.");
    if (got == 0 && line.empty()) return problems::bad_request("Nothing was entered.");
    if (got == 0 || c == '\n') return line;
    if (c == '\r') continue;
    if (line.size() == kMostLineBytes) return too_long();
    line.push_back(c);
  }
}

Result<SecureString> ask_at_terminal(int input, int output, std::string_view question,
                                     Answer answer) {
  std::optional<Hidden> hidden;
  // Before the question: who answers at once must not be echoed.
  if (answer == Answer::kHidden) hidden.emplace(input);
  if (hidden && !hidden->done()) {
    return problems::bad_request("The terminal can't hide what is typed.");
  }
  say(output, question);
  Result<SecureString> line = read_line(input);
  hidden.reset();
  if (answer == Answer::kHidden) say(output, "\n");
  if (line.ok() && line->size() >= kMostTerminalBytes) return too_long();
  return line;
}

}  // namespace oneclaw

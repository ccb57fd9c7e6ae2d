#include "cli/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace oneclaw::cli {

namespace {

constexpr std::size_t kMostAnswerBytes = 64U * 1024;

// What a signal handler needs to put the terminal right.
int hidden_terminal = -1;  // NOLINT
termios shown_mode{};      // NOLINT

extern "C" void restore_terminal(int number) {
  if (hidden_terminal >= 0) ::tcsetattr(hidden_terminal, TCSANOW, &shown_mode);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// Turns echo off until destroyed.
class Hidden {
 public:
  explicit Hidden(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &shown_mode) != 0) return;
    hidden_terminal = terminal;
    for (const int number : kEndingSignals) std::signal(number, restore_terminal);
    termios quiet = shown_mode;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal, TCSAFLUSH, &quiet);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (hidden_terminal < 0) return;
    ::tcsetattr(terminal_, TCSANOW, &shown_mode);
    hidden_terminal = -1;
    for (const int number : kEndingSignals) std::signal(number, SIG_DFL);
  }

 private:
  int terminal_;
};

void say(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(terminal, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Result<SecureString> read_line(int terminal) {
  SecureString line;
  char c = 0;
  while (true) {
    const ssize_t got = ::read(terminal, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (line.empty()) return problems::bad_request("Nothing was entered.");
      break;
    }
    if (c == '\n') break;
    line.push_back(c);
    if (line.size() > kMostAnswerBytes) return problems::bad_request("The line is too long.");
  }
  return line;
}

Result<SecureString> ask_terminal(std::string_view question, bool hidden) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return problems::bad_request("There is no terminal to ask at: \"" + std::string(question) +
                                 "\" must be given on the command line or by a pipe.");
  }
  Result<SecureString> line = problems::internal();
  {
    // Before the question: who answers at once must not be echoed.
    std::optional<Hidden> quiet;
    if (hidden) quiet.emplace(terminal);
    say(terminal, question);
    say(terminal, " ");
    line = read_line(terminal);
  }
  if (hidden) say(terminal, "\n");
  ::close(terminal);
  return line;
}

}  // namespace

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

bool has_colours(int descriptor) {
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  return is_terminal(descriptor) && (no_colour == nullptr || *no_colour == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

Result<std::string> ask(std::string_view question) {
  TRY(const SecureString line, ask_terminal(question, false));
  return std::string(line.view());
}

Result<SecureString> ask_hidden(std::string_view question) {
  return ask_terminal(question, true);
}

Result<bool> confirm(std::string_view question) {
  const Result<std::string> asked = ask(std::string(question) + " [y/N]");
  if (!asked.ok()) return asked.problem();
  const std::string_view answer = *asked;
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string printable(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;  // U+0080 to U+009F
    if (byte < 0x20 || byte == 0x7F || c1) {
      clean += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : "?";
      if (c1) ++i;
    } else {
      clean += text[i];
    }
  }
  return clean;
}

Progress::Progress(std::string label, std::size_t total)
    : label_(std::move(label)),
      total_(total),
      on_terminal_(is_terminal(STDERR_FILENO)),
      next_(std::chrono::steady_clock::now() + std::chrono::seconds(1)) {}

Progress::~Progress() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
}

void Progress::advance(std::size_t count) {
  done_ += count;
  if (!on_terminal_) return;
  const auto at = std::chrono::steady_clock::now();
  if (at < next_) return;
  next_ = at + std::chrono::milliseconds(100);
  draw();
}

void Progress::draw() {
  constexpr std::size_t kWidth = 30;
  const std::size_t whole = std::max<std::size_t>(total_, 1);
  const std::size_t done = std::min(done_, whole);
  const std::size_t filled = kWidth * done / whole;
  std::cerr << "\r\x1b[K" << label_ << " [" << std::string(filled, '#')
            << std::string(kWidth - filled, ' ') << "] " << done << "/" << whole << " "
            << 100 * done / whole << "%" << std::flush;
  drawn_ = true;
}

}  // namespace oneclaw::cli

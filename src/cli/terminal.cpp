#include "cli/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/prompt.h"

namespace oneclaw::cli {

namespace {

Result<SecureString> ask_terminal(std::string_view question, Answer answer) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return problems::bad_request("There is no terminal to ask at: \"" + std::string(question) +
                                 "\" must be given on the command line or by a pipe.");
  }
  Result<SecureString> line =
      ask_at_terminal(terminal, terminal, std::string(question) + " ", answer);
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
  TRY(const SecureString line, ask_terminal(question, Answer::kShown));
  return std::string(line.view());
}

Result<SecureString> ask_hidden(std::string_view question) {
  return ask_terminal(question, Answer::kHidden);
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

// The terminal: what is shown to people, and what is asked of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::cli {

bool is_terminal(int descriptor);
/// Whether colours go to this descriptor: a terminal that is not "dumb", and no NO_COLOR.
bool has_colours(int descriptor);

/// Asks on /dev/tty, so that pipes stay free. 400 when there is no terminal to ask at.
Result<std::string> ask(std::string_view question);
/// The same, with nothing of the answer shown. The terminal is put right again, also when a signal
/// ends the program.
Result<SecureString> ask_hidden(std::string_view question);
/// True for "y" or "yes".
Result<bool> confirm(std::string_view question);

/// `text` with every control character replaced: a secret's name must not drive the terminal.
std::string printable(std::string_view text);

/// A progress bar on standard error: only on a terminal, and only once a second has passed.
class Progress {
 public:
  Progress(std::string label, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::size_t count = 1);

 private:
  void draw();

  std::string label_;
  std::size_t total_;
  std::size_t done_ = 0;
  bool on_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace oneclaw::cli

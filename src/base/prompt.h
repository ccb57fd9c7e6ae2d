// Questions to a person at a terminal, and lines of input. Answers are in wiped memory only.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw {

inline constexpr std::size_t kMostLineBytes = 4096;

/// The next line of `input`, without its end; what follows stays for who reads next. 400 at the end
/// of the input, and for a line of more than kMostLineBytes.
Result<SecureString> read_line(int input);

enum class Answer { kShown, kHidden };

/// Shows `question` on `output` and reads a line from the terminal `input`: 400 also when the
/// terminal may have cut it. While an answer is hidden nothing of it is echoed; the terminal is put
/// right again however this ends, also when a signal ends or stops the program.
Result<SecureString> ask_at_terminal(int input, int output, std::string_view question,
                                     Answer answer);

}  // namespace oneclaw

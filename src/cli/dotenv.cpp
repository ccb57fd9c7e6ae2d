#include "cli/dotenv.h"

#include <algorithm>
#include <array>

namespace oneclaw::cli {

namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Variable>> parse() {
    std::vector<Variable> variables;
    while (at_ < text_.size()) {
      const std::string_view line = trimmed(rest_of_line());
      if (line.empty() || line.front() == '#') {
        skip_line();
        continue;
      }
      TRY(Variable variable, parse_variable());
      const auto known = std::ranges::find(variables, variable.name, &Variable::name);
      if (known != variables.end()) {
        known->value = std::move(variable.value);
      } else {
        variables.push_back(std::move(variable));
      }
    }
    return variables;
  }

 private:
  [[nodiscard]] std::string_view rest_of_line() const {
    return text_.substr(at_, text_.find('\n', at_) - at_);
  }
  void skip_line() {
    const std::size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    ++line_;
  }
  [[nodiscard]] Problem mistake(std::string_view what) const {
    return problems::bad_request("Line " + std::to_string(line_) + " " + std::string(what) + ".");
  }

  Result<Variable> parse_variable() {
    const std::string_view line = rest_of_line();
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return mistake("has no = in it");
    std::string_view name = trimmed(line.substr(0, equals));
    if (name.starts_with("export") && name.size() > 6 && (name[6] == ' ' || name[6] == '\t')) {
      name = trimmed(name.substr(6));
    }
    if (!is_variable_name(name)) return mistake("doesn't start with a variable's name");
    at_ += equals + 1;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    Variable variable{std::string(name), {}};
    const char quote = at_ < text_.size() ? text_[at_] : '\n';
    if (quote == '\'' || quote == '"') {
      TRY(variable.value, parse_quoted(quote));
      const std::string_view tail = trimmed(rest_of_line());
      if (!tail.empty() && tail.front() != '#') return mistake("goes on after its closing quote");
    } else {
      std::string_view bare = rest_of_line();
      for (std::size_t i = 0; i < bare.size(); ++i) {
        if (bare[i] == '#' && (i == 0 || bare[i - 1] == ' ' || bare[i - 1] == '\t')) {
          bare = bare.substr(0, i);
          break;
        }
      }
      variable.value = SecureString(trimmed(bare));
    }
    skip_line();
    return variable;
  }

  Result<SecureString> parse_quoted(char quote) {
    const int opened = line_;
    SecureString value;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return value;
      }
      if (c == '\n') ++line_;
      if (quote == '"' && c == '\\' && at_ + 1 < text_.size()) {
        constexpr std::string_view kLetters = "nrt\"\\$";
        constexpr std::string_view kMeanings = "\n\r\t\"\\$";
        const std::size_t which = kLetters.find(text_[at_ + 1]);
        if (which != std::string_view::npos) {
          c = kMeanings[which];
          ++at_;
        }
      }
      value.push_back(c);
    }
    line_ = opened;
    return mistake("opens a quote that is never closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

void append_quoted(SecureString& text, std::string_view value) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@%+=,";
  if (value.find_first_not_of(kSafe) == std::string_view::npos) return text.append(value);
  text.push_back('"');
  for (const char c : value) {
    switch (c) {
      case '\n':
        text.append("\\n");
        break;
      case '\r':
        text.append("\\r");
        break;
      case '"':
      case '\\':
      case '$':
        text.push_back('\\');
        [[fallthrough]];
      default:
        text.push_back(c);
    }
  }
  text.push_back('"');
}

}  // namespace

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<std::vector<Variable>> parse_dotenv(std::string_view text) {
  return Parser(text).parse();
}

SecureString to_dotenv(const std::vector<Variable>& variables) {
  SecureString text;
  for (const Variable& variable : variables) {
    text.append(variable.name);
    text.push_back('=');
    append_quoted(text, variable.value.view());
    text.push_back('\n');
  }
  return text;
}

SecureString to_shell(const std::vector<Variable>& variables) {
  SecureString text;
  for (const Variable& variable : variables) {
    text.append("export ");
    text.append(variable.name);
    text.append("='");
    for (const char c : variable.value.view()) {
      if (c == '\'') {
        text.append("'\\''");
      } else {
        text.push_back(c);
      }
    }
    text.append("'\n");
  }
  return text;
}

}  // namespace oneclaw::cli

#include "store/pg_dialect.h"

#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

namespace oneclaw::store {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// Reads SQL token by token and writes it anew.
class Translator {
 public:
  Translator(std::string_view sql, bool schema) : sql_(sql), schema_(schema) {}

  std::string run() {
    while (at_ < sql_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = sql_[at_];
    const char next = at_ + 1 < sql_.size() ? sql_[at_ + 1] : '\0';
    if (c == '\'' || c == '"') return copy(quoted_end(at_));
    if (c == '-' && next == '-') return skip_to("\n", 0);
    if (c == '/' && next == '*') return comment();
    if ((c == 'x' || c == 'X') && next == '\'') return blob_literal();
    if (is_word(c)) return word();
    if (c == '?' && is_digit(next)) {
      out_ += '$';
      ++at_;
      return copy(word_end(at_));
    }
    if (c == '(') ++depth_;
    if (c == ')') --depth_;
    if (c == ';') start_statement();
    // The comma in "STRICT, WITHOUT ROWID" goes with its words.
    if (c == ',' && depth_ == 0 && in_create_table_) {
      ++at_;
      return;
    }
    copy(at_ + 1);
  }

  void start_statement() {
    words_ = 0;
    depth_ = 0;
    in_create_table_ = false;
  }

  void word() {
    const std::size_t end = word_end(at_);
    const std::string_view text = sql_.substr(at_, end - at_);
    ++words_;
    if (words_ == 2) in_create_table_ = schema_ && text == "TABLE" && first_ == "CREATE";
    if (words_ == 1) first_ = text;
    if (schema_ && (first_ == "CREATE" || first_ == "ALTER") && schema_word(text, end)) return;
    if (text == "instr") {
      out_ += "strpos";
      at_ = end;
      return;
    }
    if (text == "IS" && parameter_follows(end)) {
      out_ += "IS NOT DISTINCT FROM";
      at_ = end;
      return;
    }
    copy(end);
  }

  bool schema_word(std::string_view text, std::size_t end) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes{
        {{"BLOB", "BYTEA"},
         {"INTEGER", "BIGINT"},
         {"REAL", "DOUBLE PRECISION"},
         {"TEXT", "TEXT COLLATE \"C\""}}};
    for (const auto& [ours, theirs] : kTypes) {
      if (text != ours) continue;
      out_ += theirs;
      at_ = end;
      return true;
    }
    const bool option = text == "STRICT" || text == "WITHOUT" || text == "ROWID";
    if (!option || depth_ != 0 || !in_create_table_) return false;
    at_ = end;
    return true;
  }

  bool parameter_follows(std::size_t at) const {
    while (at < sql_.size() && is_space(sql_[at])) ++at;
    return at < sql_.size() && sql_[at] == '?';
  }

  void blob_literal() {
    const std::size_t end = quoted_end(at_ + 1);
    out_ += "'\\x";
    out_ += sql_.substr(at_ + 2, end - at_ - 3);
    out_ += "'::bytea";
    at_ = end;
    ++words_;
  }

  void comment() {
    constexpr std::string_view kSkipLocked = "/*skip locked*/";
    constexpr std::string_view kTheirs = "/*postgres:";
    constexpr std::string_view kOursEnds = "/*end*/";
    const std::string_view rest = sql_.substr(at_);
    if (rest.starts_with(kSkipLocked)) out_ += "FOR UPDATE SKIP LOCKED";
    if (rest.starts_with(kTheirs)) {
      const std::size_t theirs_end = rest.find("*/");
      if (theirs_end != std::string_view::npos) {
        out_ += rest.substr(kTheirs.size(), theirs_end - kTheirs.size());
      }
      return skip_to(kOursEnds, kOursEnds.size());
    }
    skip_to("*/", 2);
  }

  std::size_t word_end(std::size_t at) const {
    while (at < sql_.size() && is_word(sql_[at])) ++at;
    return at;
  }
  /// A doubled quote inside is two quoted texts side by side, which copies just as well.
  std::size_t quoted_end(std::size_t at) const {
    const std::size_t end = sql_.find(sql_[at], at + 1);
    return end == std::string_view::npos ? sql_.size() : end + 1;
  }
  void skip_to(std::string_view mark, std::size_t beyond) {
    const std::size_t end = sql_.find(mark, at_);
    at_ = end == std::string_view::npos ? sql_.size() : end + beyond;
  }
  void copy(std::size_t end) {
    out_ += sql_.substr(at_, end - at_);
    at_ = end;
  }

  std::string_view sql_;
  bool schema_;
  std::size_t at_ = 0;
  std::string out_{};
  int depth_ = 0;
  int words_ = 0;
  bool in_create_table_ = false;
  std::string_view first_{};
};

}  // namespace

std::string to_postgres(std::string_view sql) {
  return Translator(sql, false).run();
}

std::string schema_to_postgres(std::string_view sql) {
  return Translator(sql, true).run();
}

}  // namespace oneclaw::store

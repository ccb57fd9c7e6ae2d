#include "base/glob_path.h"

#include <utility>

#include "base/encoding.h"

namespace oneclaw {

namespace {

constexpr std::string_view kForbidden = "*?[]{}\\#%";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
}

/// What is wrong with a whole segment, or nothing. `allowed` lists exceptions to kForbidden.
std::string check_segment(std::string_view segment, std::string_view allowed) {
  if (segment.empty()) return "must not have an empty segment";
  if (segment == "." || segment == "..") return "must not have a segment . or ..";
  if (segment.front() == ' ' || segment.back() == ' ') {
    return "must not have a segment that starts or ends with a space";
  }
  for (const char c : segment) {
    if (is_control(c)) return "must not have a control character";
    if (kForbidden.find(c) != std::string_view::npos && allowed.find(c) == std::string_view::npos) {
      return std::string("must not have the character ") + c;
    }
  }
  return {};
}

/// Calls `visit(segment)` for each part between slashes, while it gives an empty text.
template <class Visit>
std::string for_each_segment(std::string_view path, Visit visit) {
  std::size_t count = 0;
  while (true) {
    const std::size_t slash = path.find('/');
    if (++count > kMaxSecretPathSegments) return "must have at most 32 segments";
    if (std::string wrong = visit(path.substr(0, slash)); !wrong.empty()) return wrong;
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

std::string check_text(std::string_view path) {
  if (path.empty() || path.size() > kMaxSecretPathBytes) return "must have 1 to 512 bytes";
  if (!is_utf8(path)) return "must be UTF-8";
  return {};
}

Result<void> to_result(std::string wrong, std::string_view field) {
  if (wrong.empty()) return {};
  return problems::validation(std::string(field), std::move(wrong));
}

/// One segment of a pattern without `**` against one segment of a path. `*` matches any run.
bool segment_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// A cursor over the segments of a path.
struct Segments {
  std::string_view rest;
  bool done = false;

  [[nodiscard]] std::string_view head() const { return rest.substr(0, rest.find('/')); }
  void advance() {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      done = true;
    } else {
      rest.remove_prefix(slash + 1);
    }
  }
};

}  // namespace

Result<void> validate_secret_path(std::string_view path, std::string_view field) {
  std::string wrong = check_text(path);
  if (wrong.empty()) {
    wrong = for_each_segment(path, [](std::string_view s) { return check_segment(s, ""); });
  }
  return to_result(std::move(wrong), field);
}

Result<void> validate_secret_prefix(std::string_view prefix, std::string_view field) {
  if (prefix.empty() || validate_secret_path(prefix, field).ok()) return {};
  return validate_secret_path(std::string(prefix) + "x", field);
}

Result<GlobPath> GlobPath::compile(std::string_view pattern, std::string_view field) {
  std::string wrong = check_text(pattern);
  if (wrong.empty()) {
    wrong = for_each_segment(pattern, [](std::string_view segment) -> std::string {
      if (segment != "**" && segment.find("**") != std::string_view::npos) {
        return "must have ** as a whole segment only";
      }
      return check_segment(segment, "*");
    });
  }
  CHECK_OK(to_result(std::move(wrong), field));
  GlobPath glob;
  glob.pattern_ = pattern;
  return glob;
}

bool GlobPath::matches(std::string_view path) const {
  // The same greedy walk as in a segment, one level up: a `**` takes as few segments as will do,
  // and only the last one passed is ever widened.
  Segments pattern{pattern_};
  Segments text{path};
  Segments after_star;
  Segments resume;
  bool starred = false;
  while (!text.done) {
    if (!pattern.done && pattern.head() == "**") {
      if (pattern.rest == "**") return true;  // the tail: one or more segments are left
      pattern.advance();
      starred = true;
      after_star = pattern;
      resume = text;
    } else if (!pattern.done && segment_matches(pattern.head(), text.head())) {
      pattern.advance();
      text.advance();
    } else if (starred) {
      resume.advance();
      text = resume;
      pattern = after_star;
    } else {
      return false;
    }
  }
  return pattern.done;
}

std::string_view GlobPath::literal_prefix() const {
  return std::string_view(pattern_).substr(0, pattern_.find('*'));
}

}  // namespace oneclaw

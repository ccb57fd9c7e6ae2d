#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

bool quiet_ = false;  // NOLINT

/// Columns that a text takes, near enough: one a code point.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(std::string text, std::size_t columns) {
  const std::size_t wide = width(text);
  if (wide < columns) text.append(columns - wide, ' ');
  return text;
}

/// `2026-02-18T12:00:00.000000Z` without its fraction.
std::string without_fraction(std::string text) {
  constexpr std::size_t kDot = 19;
  if (text.size() == 27 && text[10] == 'T' && text[kDot] == '.' && text.back() == 'Z') {
    text.erase(kDot, 7);
  }
  return text;
}

std::string scalar(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return without_fraction(std::string(value.get_string()));
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  if (value.is_array()) {
    std::string joined;
    for (const json::value& item : value.get_array()) {
      joined += (joined.empty() ? "" : ",") + scalar(item);
    }
    return joined;
  }
  if (value.is_object() && value.get_object().empty()) return {};
  return json::serialize(value);
}

void write_json(std::ostream& out, const json::value& value, const std::string& indent) {
  const std::string deeper = indent + "  ";
  if (value.is_object() && !value.get_object().empty()) {
    const char* separator = "{\n";
    for (const auto& member : value.get_object()) {
      out << separator << deeper << json::serialize(json::string(member.key())) << ": ";
      write_json(out, member.value(), deeper);
      separator = ",\n";
    }
    out << "\n" << indent << "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    const char* separator = "[\n";
    for (const json::value& item : value.get_array()) {
      out << separator << deeper;
      write_json(out, item, deeper);
      separator = ",\n";
    }
    out << "\n" << indent << "]";
  } else {
    out << json::serialize(value);
  }
}

const json::array& rows_of(const json::value& whole, std::string_view list) {
  static const json::array kNone;
  if (whole.is_array()) return whole.get_array();
  if (!whole.is_object()) return kNone;
  const json::value* const rows = whole.get_object().if_contains(list);
  return rows != nullptr && rows->is_array() ? rows->get_array() : kNone;
}

}  // namespace

Result<Format> parse_format(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "json") return Format::kJson;
  if (name == "plain") return Format::kPlain;
  return problems::bad_request("--output is table, json or plain.");
}

std::string cell(const json::value& row, std::string_view member) {
  const json::value* value = &row;
  while (!member.empty()) {
    if (!value->is_object()) return {};
    const std::size_t dot = member.find('.');
    value = value->get_object().if_contains(member.substr(0, dot));
    if (value == nullptr) return {};
    member = dot == std::string_view::npos ? std::string_view() : member.substr(dot + 1);
  }
  return printable(scalar(*value));
}

void print_json(const json::value& value) {
  write_json(std::cout, value, "");
  std::cout << "\n";
}

void print_rows(Format format, const json::value& whole, std::string_view list,
                const std::vector<Field>& fields) {
  if (format == Format::kJson) return print_json(whole);
  std::vector<std::vector<std::string>> lines;
  for (const json::value& row : rows_of(whole, list)) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const Field& field : fields) line.push_back(cell(row, field.member));
  }
  if (format == Format::kPlain) {
    for (const auto& line : lines) {
      for (std::size_t i = 0; i < line.size(); ++i) std::cout << (i == 0 ? "" : "\t") << line[i];
      std::cout << "\n";
    }
    return;
  }
  if (lines.empty()) {
    std::cout << "none\n";
    return;
  }
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    widths.push_back(width(fields[i].title));
    for (const auto& line : lines) widths[i] = std::max(widths[i], width(line[i]));
  }
  const bool bold = has_colours(STDOUT_FILENO);
  const auto print = [&](const std::vector<std::string>& line) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i + 1 < line.size() ? padded(line[i], widths[i] + 2) : line[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    std::cout << text;
  };
  std::vector<std::string> titles;
  for (const Field& field : fields) titles.push_back(field.title);
  if (bold) std::cout << "\x1b[1m";
  print(titles);
  if (bold) std::cout << "\x1b[0m";
  std::cout << "\n";
  for (const auto& line : lines) {
    print(line);
    std::cout << "\n";
  }
}

void print_record(Format format, const json::value& whole, const std::vector<Field>& fields) {
  if (format == Format::kJson) return print_json(whole);
  std::size_t widest = 0;
  for (const Field& field : fields) widest = std::max(widest, width(field.title));
  const bool bold = format == Format::kTable && has_colours(STDOUT_FILENO);
  for (const Field& field : fields) {
    const std::string text = cell(whole, field.member);
    if (format == Format::kPlain) {
      std::cout << field.title << "\t" << text << "\n";
    } else if (!text.empty()) {
      std::cout << (bold ? "\x1b[1m" : "") << padded(field.title, widest) << (bold ? "\x1b[0m" : "")
                << "  " << text << "\n";
    }
  }
}

void set_quiet(bool quiet) {
  quiet_ = quiet;
}

void note(std::string_view sentence) {
  if (!quiet_) std::cerr << sentence << "\n";
}

void print_problem(const Problem& problem, std::string_view next_step) {
  const bool colours = has_colours(STDERR_FILENO);
  std::cerr << (colours ? "\x1b[31m" : "") << "oneclaw: " << (colours ? "\x1b[0m" : "")
            << printable(problem.detail) << "\n";
  for (const FieldError& error : problem.fields) {
    if (problem.detail == error.field + " " + error.message + ".") continue;  // all that there is
    std::cerr << "  " << printable(error.field) << " " << printable(error.message) << "\n";
  }
  if (!next_step.empty()) std::cerr << next_step << "\n";
}

}  // namespace oneclaw::cli

// Answers on standard output, as a table, JSON or tab-separated lines.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oneclaw::cli {

enum class Format : std::uint8_t { kTable, kJson, kPlain };
Result<Format> parse_format(std::string_view name);

/// A column or line: its title and the member it shows. `a.b` is a member of a member.
struct Field {
  std::string title;
  std::string member;
};

/// The member's text: arrays joined by commas, times cut to the second, null empty.
std::string cell(const boost::json::value& row, std::string_view member);

/// Rows: a table with a head; `plain` is a line a row, its cells parted by tabs, without a head;
/// `json` is `whole` as the server sent it.
void print_rows(Format format, const boost::json::value& whole, std::string_view list,
                const std::vector<Field>& fields);
/// One object: `title  value` lines; `plain` is `title<tab>value`.
void print_record(Format format, const boost::json::value& whole, const std::vector<Field>& fields);
/// Indented JSON and a line feed.
void print_json(const boost::json::value& value);
/// A sentence on standard error, unless the format is for machines or quiet was asked for.
void note(std::string_view sentence);
void set_quiet(bool quiet);

/// The problem and, when one is known, the next step, on standard error.
void print_problem(const Problem& problem, std::string_view next_step);

}  // namespace oneclaw::cli

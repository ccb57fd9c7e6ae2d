// Percent-decoding (RFC 3986 §2.1) of paths and queries, strict.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace oneclaw::http {

/// Appends `raw`, decoded, to `out`. False when an escape is not `%` and two hex digits, when a
/// byte is zero, or when `forbidden` comes out of an escape.
bool append_decoded(std::string& out, std::string_view raw, char forbidden = '\0');

/// The parameters of a query (without the `?`): `name=value` parted by `&`, with `+` for a space.
/// 400 on a bad escape, text that is not UTF-8, an empty name or a name given twice.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace oneclaw::http

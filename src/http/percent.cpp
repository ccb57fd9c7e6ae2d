#include "http/percent.h"

#include <algorithm>

#include "base/encoding.h"

namespace oneclaw::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode_query_part(std::string_view raw) {
  std::string spaced{raw};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  std::string out;
  out.reserve(spaced.size());
  if (!append_decoded(out, spaced) || !is_utf8(out)) {
    return problems::bad_request("The query is badly encoded.");
  }
  return out;
}

}  // namespace

bool append_decoded(std::string& out, std::string_view raw, char forbidden) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      if (raw[i] == '\0') return false;
      out.push_back(raw[i]);
      continue;
    }
    if (raw.size() - i < 3) return false;
    const int high = hex_digit(raw[i + 1]);
    const int low = hex_digit(raw[i + 2]);
    if (high < 0 || low < 0) return false;
    const char byte = static_cast<char>(static_cast<unsigned char>(high * 16 + low));
    if (byte == '\0' || byte == forbidden) return false;
    out.push_back(byte);
    i += 2;
  }
  return true;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> params;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    TRY(std::string name, decode_query_part(part.substr(0, equals)));
    if (name.empty()) return problems::bad_request("A query parameter has no name.");
    std::string value;
    if (equals != std::string_view::npos) {
      TRY(value, decode_query_part(part.substr(equals + 1)));
    }
    const bool repeated = std::any_of(params.begin(), params.end(),
                                      [&name](const auto& param) { return param.first == name; });
    if (repeated) return problems::bad_request("A query parameter is given twice.");
    params.emplace_back(std::move(name), std::move(value));
  }
  return params;
}

}  // namespace oneclaw::http

#include "crypto/jws.h"

#include <boost/json.hpp>

#include "base/encoding.h"

namespace oneclaw::crypto {

namespace json = boost::json;

std::optional<CompactJws> split_jws(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const CompactJws parts{.header = token.substr(0, first),
                         .payload = token.substr(first + 1, second - first - 1),
                         .signature = token.substr(second + 1),
                         .signing_input = token.substr(0, second)};
  if (parts.header.empty() || parts.payload.empty() || parts.signature.empty() ||
      parts.signature.find('.') != std::string_view::npos) {
    return std::nullopt;
  }
  return parts;
}

std::optional<json::object> decode_object(std::string_view part) {
  const std::optional<Bytes> text = from_base64url(part);
  if (!text) return std::nullopt;
  json::error_code error;
  json::value value = json::parse(as_text(*text), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::optional<std::string> text_claim(const json::object& claims, std::string_view name) {
  const json::value* const claim = claims.if_contains(name);
  if (!claim || !claim->is_string()) return std::nullopt;
  return std::string(claim->get_string());
}

std::optional<TimePoint> date_claim(const json::object& claims, std::string_view name) {
  constexpr std::int64_t kEndOfYear9999 = 253402300799;
  const json::value* const claim = claims.if_contains(name);
  if (!claim || !claim->is_number()) return std::nullopt;
  if (const double* const real = claim->if_double()) {
    if (!(*real >= 0 && *real <= static_cast<double>(kEndOfYear9999))) return std::nullopt;
    return from_unix_seconds(static_cast<std::int64_t>(*real));
  }
  json::error_code error;
  const auto seconds = claim->to_number<std::int64_t>(error);
  if (error || seconds < 0 || seconds > kEndOfYear9999) return std::nullopt;
  return from_unix_seconds(seconds);
}

}  // namespace oneclaw::crypto

// What our tokens and ID tokens share: the compact JWS form (RFC 7515 §7.1) and claim types.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace oneclaw::crypto {

/// The parts of a compact JWS, still in base64url.
struct CompactJws {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signing_input;  ///< header.payload
};

/// nullopt unless `token` is three non-empty parts with a dot between each two.
std::optional<CompactJws> split_jws(std::string_view token);

/// The JSON object in a base64url part. Of duplicate members the last counts (RFC 7515 §4).
std::optional<boost::json::object> decode_object(std::string_view part);

/// A member that is a string; nullopt when absent or of another type.
std::optional<std::string> text_claim(const boost::json::object& claims, std::string_view name);

/// A NumericDate (RFC 7519 §2), cut to whole seconds, of the years 1970 to 9999; else nullopt.
std::optional<TimePoint> date_claim(const boost::json::object& claims, std::string_view name);

}  // namespace oneclaw::crypto

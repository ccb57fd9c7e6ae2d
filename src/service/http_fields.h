// Methods and header fields that somebody else may choose in a request of ours.
#pragma once

#include <string_view>

namespace oneclaw::service {

/// GET, HEAD, POST, PUT, PATCH or DELETE.
bool is_client_method(std::string_view text);

/// A field's name: a token of RFC 9110 §5.6.2.
bool is_token(std::string_view text);
/// A field's value: one line.
bool is_field_value(std::string_view text);
/// Headers that would change where a message goes or ends, or how its answer is to be read: a
/// compressed or partial answer could carry the value past the scrubbing.
bool is_reserved_header(std::string_view name);

}  // namespace oneclaw::service

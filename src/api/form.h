// Fields of an HTML form (application/x-www-form-urlencoded), in memory that is wiped.
#pragma once

#include <optional>
#include <string_view>

#include "base/secure.h"
#include "http/message.h"

namespace oneclaw::api {

/// The first field of that name, decoded; nullopt when there is none or its coding is bad.
std::optional<SecureString> form_field(const http::Request& request, std::string_view name);

}  // namespace oneclaw::api

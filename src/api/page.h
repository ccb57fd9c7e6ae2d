// The few small HTML pages that links in emails lead to.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace oneclaw::api {

/// `text` with the five characters that HTML knows escaped.
std::string escape_html(std::string_view text);

/// A page without scripts that loads nothing and may be framed by nobody. `body` is HTML.
http::Response page_reply(int status, std::string_view title, std::string_view body);

}  // namespace oneclaw::api

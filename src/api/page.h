// The few small HTML pages that links in emails lead to.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"
#include "http/message.h"

namespace oneclaw::api {

/// `text` with the five characters that HTML knows escaped.
std::string escape_html(std::string_view text);
/// The same, appended to memory that is wiped.
void append_html(SecureString& html, std::string_view text);
std::string paragraph(std::string_view text);
/// A form that sends its hidden token back to `action`. `inputs` is HTML.
std::string token_form(std::string_view action, std::string_view token, std::string_view inputs);

/// A page without scripts that loads nothing and may be framed by nobody. `body` is HTML.
http::Response page_reply(int status, std::string_view title, std::string_view body);
/// A problem as a page: what a person who followed a link can read. 5xx problems stay problems, for
/// they are not the person's doing.
Result<http::Response> problem_page(const Problem& problem);

}  // namespace oneclaw::api

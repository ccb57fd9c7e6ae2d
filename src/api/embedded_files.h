// Files that openapi/embed.py puts into the binary when it is built.
#pragma once

#include <string_view>

namespace oneclaw::api {

extern const std::string_view kOpenapiJson;
extern const std::string_view kIndexHtml;
extern const std::string_view kViewerCss;
extern const std::string_view kViewerJs;

}  // namespace oneclaw::api

// /openapi.json and the reference page at /docs.
#include "api/embedded_files.h"
#include "api/reply.h"
#include "api/routes.h"

namespace oneclaw::api {

using http::Request;

namespace {

http::Response file_reply(std::string_view content_type, std::string_view text) {
  http::Response response;
  response.content_type = content_type;
  response.body = SecureString(text);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

Reply document(Request& /*request*/) {
  co_return file_reply("application/json", kOpenapiJson);
}

Reply page(Request& /*request*/) {
  http::Response response = file_reply("text/html; charset=utf-8", kIndexHtml);
  // The page holds no other origin's files, and nobody's frame holds the page.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; "
                                "connect-src 'self'; img-src data:; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  co_return response;
}

Reply file(Request& request) {
  const std::string_view name = request.path_param("file");
  if (name == "viewer.js") co_return file_reply("text/javascript; charset=utf-8", kViewerJs);
  if (name == "viewer.css") co_return file_reply("text/css; charset=utf-8", kViewerCss);
  co_return problems::not_found();
}

}  // namespace

void add_docs_routes(http::Router& router) {
  const auto add = [&](std::string pattern, Reply (*handler)(Request&)) {
    router.add({.method = http::Method::kGet,
                .pattern = std::move(pattern),
                .access = http::Access::kPublic,
                .action = {},
                .scope = {},
                .handler = handler});
  };
  add("/openapi.json", document);
  add("/docs", page);
  add("/docs/{file}", file);
}

}  // namespace oneclaw::api

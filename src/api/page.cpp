#include "api/page.h"

namespace oneclaw::api {

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

http::Response page_reply(int status, std::string_view title, std::string_view body) {
  http::Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.no_store = true;  // its address holds a token
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"}};
  const std::string name = escape_html(title);
  response.body.append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
  response.body.append(name);
  response.body.append(
      " - oneclaw</title><meta name=\"viewport\" content=\"width=device-width\">"
      "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;"
      "padding:0 1rem}button{font:inherit;padding:.4rem 1rem;margin-right:.5rem}"
      "code{overflow-wrap:anywhere}</style><h1>");
  response.body.append(name);
  response.body.append("</h1>");
  response.body.append(body);
  return response;
}

}  // namespace oneclaw::api

#include "api/page.h"

namespace oneclaw::api {

namespace {

/// The entity of a character that HTML knows; else empty.
std::string_view entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

template <class Text>
void append_escaped(Text& html, std::string_view text) {
  for (const char& c : text) {
    const std::string_view entity = entity_of(c);
    html.append(entity.empty() ? std::string_view(&c, 1) : entity);
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  append_escaped(escaped, text);
  return escaped;
}

void append_html(SecureString& html, std::string_view text) {
  append_escaped(html, text);
}

std::string paragraph(std::string_view text) {
  return "<p>" + escape_html(text) + "</p>";
}

std::string token_form(std::string_view action, std::string_view token, std::string_view inputs) {
  std::string html = "<form method=\"post\" action=\"";
  html += escape_html(action);
  html += "\"><input type=\"hidden\" name=\"token\" value=\"";
  html += escape_html(token);
  html += "\">";
  html += inputs;
  html += "</form>";
  return html;
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

Result<http::Response> problem_page(const Problem& problem) {
  if (problem.status >= 500) return problem;
  std::string body = paragraph(problem.detail);
  for (const FieldError& error : problem.fields) {
    if (problem.fields.size() > 1) body += paragraph(error.field + " " + error.message + ".");
  }
  http::Response response = page_reply(problem.status, "That did not work", body);
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.retry_after_seconds) {
    response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_seconds));
  }
  return response;
}

}  // namespace oneclaw::api

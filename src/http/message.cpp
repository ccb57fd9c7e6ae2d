#include "http/message.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"

namespace oneclaw::http {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 5> kMethods{{
    {Method::kGet, "GET"},
    {Method::kPost, "POST"},
    {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"},
    {Method::kDelete, "DELETE"},
}};

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return ascii_lower(x) == ascii_lower(y);
         });
}

template <class Pairs>
auto find_name(const Pairs& pairs, std::string_view name) {
  return std::find_if(pairs.begin(), pairs.end(),
                      [name](const auto& pair) { return pair.first == name; });
}

}  // namespace

std::string_view to_string(Method method) {
  return kMethods[static_cast<std::size_t>(method)].second;
}

std::optional<Method> parse_method(std::string_view name) {
  for (const auto& [method, known] : kMethods) {
    if (name == known) return method;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view Request::path_param(std::string_view name) const {
  const auto found = find_name(path_params, name);
  return found == path_params.end() ? std::string_view{} : std::string_view{found->second};
}

Result<Uuid> Request::path_uuid(std::string_view name) const {
  const auto id = Uuid::parse(path_param(name));
  if (!id) return problems::not_found();
  return *id;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  const auto found = find_name(query_params, name);
  if (found == query_params.end()) return std::nullopt;
  return found->second;
}

Result<std::int64_t> Request::query_integer(std::string_view name, std::int64_t fallback,
                                            std::int64_t least, std::int64_t most) const {
  const auto text = query(name);
  if (!text) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most) {
    return problems::validation(
        std::string{name},
        "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

Response problem_response(const Problem& problem) {
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  response.body.append(to_json(problem));
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.retry_after_seconds) {
    response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_seconds));
  }
  if (!problem.allow.empty()) {
    std::string allow;
    for (const std::string& method : problem.allow) {
      if (!allow.empty()) allow += ", ";
      allow += method;
    }
    response.headers.emplace_back("Allow", std::move(allow));
  }
  return response;
}

}  // namespace oneclaw::http

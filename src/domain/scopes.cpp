#include "domain/scopes.h"

#include <algorithm>

namespace oneclaw::domain {

namespace {

constexpr std::size_t kMostScopes = 64;
constexpr std::size_t kMostResourceChars = 32;

struct Scope {
  std::string_view resource;
  std::string_view verb;
};

Scope split(std::string_view scope) {
  if (scope == "*") return {"*", "*"};
  const std::size_t colon = scope.find(':');
  if (colon == std::string_view::npos) return {scope, {}};
  return {scope.substr(0, colon), scope.substr(colon + 1)};
}

bool is_well_formed(std::string_view scope) {
  const auto [resource, verb] = split(scope);
  const bool known_verb = verb == "read" || verb == "write" || verb == "delete" || verb == "*";
  const bool named =
      !resource.empty() && resource.size() <= kMostResourceChars &&
      std::ranges::all_of(resource, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return known_verb && (named || resource == "*");
}

/// "secrets" and "secret" as "secret", "policies" as "policy".
std::string singular(std::string_view resource) {
  if (resource.ends_with("ies")) return std::string(resource.substr(0, resource.size() - 3)) + "y";
  if (resource.ends_with('s')) resource.remove_suffix(1);
  return std::string(resource);
}

bool resource_covers(std::string_view granted, std::string_view needed) {
  if (granted == "*") return true;
  const std::string one = singular(granted);
  const std::string other = singular(needed);
  return one == other || (one == "vault" && other == "secret");
}

bool verb_covers(std::string_view granted, std::string_view needed) {
  return granted == "*" || granted == needed || (granted == "write" && needed == "delete");
}

}  // namespace

Result<void> validate_scopes(const std::vector<std::string>& scopes, std::string_view field) {
  if (scopes.size() > kMostScopes) {
    return problems::validation(std::string(field), "must have at most 64 scopes");
  }
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (is_well_formed(scopes[i])) continue;
    return problems::validation(std::string(field) + "[" + std::to_string(i) + "]",
                                "must be * or resource:verb with verb read, write, delete or *");
  }
  return {};
}

bool scopes_cover(const std::vector<std::string>& granted, std::string_view needed) {
  if (granted.empty()) return true;
  const Scope wanted = split(needed);
  return std::ranges::any_of(granted, [&](const std::string& text) {
    const Scope scope = split(text);
    return resource_covers(scope.resource, wanted.resource) && verb_covers(scope.verb, wanted.verb);
  });
}

}  // namespace oneclaw::domain

#include "base/secret_reference.h"

#include <charconv>

#include "base/glob_path.h"

namespace oneclaw {

namespace {

Problem not_a_reference(std::string_view text) {
  return problems::bad_request("\"" + std::string(text) +
                               "\" isn't a reference of the form oneclaw://VAULT/PATH#VERSION.");
}

}  // namespace

Result<SecretReference> SecretReference::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return not_a_reference(text);
  std::string_view rest = text.substr(kScheme.size());
  SecretReference reference;
  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    const std::string_view number = rest.substr(hash + 1);
    const char* const end = number.data() + number.size();
    std::int64_t version = 0;
    const auto [stop, error] = std::from_chars(number.data(), end, version);
    if (error != std::errc{} || stop != end || version < 1) return not_a_reference(text);
    reference.version = version;
    rest = rest.substr(0, hash);
  }
  const std::size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos) return not_a_reference(text);
  reference.vault = std::string(rest.substr(0, slash));
  reference.path = std::string(rest.substr(slash + 1));
  if (!validate_secret_path(reference.path).ok()) return not_a_reference(text);
  return reference;
}

}  // namespace oneclaw

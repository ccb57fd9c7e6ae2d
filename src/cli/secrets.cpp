#include "cli/secrets.h"

#include <boost/json.hpp>

#include "base/glob_path.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

SecureString secure_member(const json::value& object, std::string_view name) {
  const json::value* const value =
      object.is_object() ? object.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_string() ? SecureString(value->get_string())
                                                : SecureString();
}

Result<std::vector<json::object>> list_secrets(Context& context, const std::string& vault_id,
                                               std::string_view prefix) {
  std::vector<json::object> secrets;
  std::string cursor;
  do {
    std::string path = "/v1/vaults/" + vault_id + "/secrets?prefix=" + percent_encode(prefix);
    if (!cursor.empty()) path += "&cursor=" + percent_encode(cursor);
    TRY(const json::value page, context.client().get(path));
    for (const json::value& secret : page.at("secrets").as_array()) {
      secrets.push_back(secret.as_object());
    }
    cursor = cell(page, "next_cursor");
  } while (!cursor.empty());
  return secrets;
}

Result<json::value> get_secret(Context& context, const std::string& vault_id, std::string_view path,
                               std::optional<std::int64_t> version) {
  CHECK_OK(validate_secret_path(path));
  const std::string vault = "/v1/vaults/" + vault_id;
  if (!version) return context.client().get(vault + "/secrets/" + encode_path(path));
  return context.client().get(vault + "/secret-version/" + encode_path(path) + "/" +
                              std::to_string(*version));
}

Result<void> put_secret(Context& context, const std::string& vault_id, std::string_view path,
                        json::object body) {
  CHECK_OK(validate_secret_path(path));
  CHECK_OK(context.client().call("PUT", "/v1/vaults/" + vault_id + "/secrets/" + encode_path(path),
                                 json::value(std::move(body))));
  return {};
}

Result<SecureString> References::value(std::string_view text) {
  if (const auto known = values_.find(text); known != values_.end()) {
    return SecureString(known->second.view());
  }
  TRY(const SecretReference reference, SecretReference::parse(text));
  auto vault = vaults_.find(reference.vault);
  if (vault == vaults_.end()) {
    TRY(std::string id, context_.find_vault(reference.vault));
    vault = vaults_.emplace(reference.vault, std::move(id)).first;
  }
  Result<json::value> secret =
      get_secret(context_, vault->second, reference.path, reference.version);
  if (!secret.ok()) {
    Problem problem = std::move(secret).problem();
    problem.detail = std::string(text) + ": " + problem.detail;
    return problem;
  }
  SecureString value = secure_member(*secret, "value");
  values_.emplace(std::string(text), SecureString(value.view()));
  return value;
}

Result<SecureString> References::fill(std::string_view text) {
  constexpr std::string_view kOpen = "{{";
  constexpr std::string_view kClose = "}}";
  SecureString filled;
  while (true) {
    const std::size_t at = text.find(SecretReference::kScheme);
    if (at == std::string_view::npos) break;
    // `{{ oneclaw://… }}` or a bare reference.
    const std::string_view before = text.substr(0, at);
    const std::size_t ink = before.find_last_not_of(" \t");
    const bool braced = ink != std::string_view::npos && ink > 0 &&
                        before.substr(ink - 1, 2) == kOpen &&
                        text.find(kClose, at) != std::string_view::npos;
    std::size_t begin = at;
    std::size_t end = text.find_first_of(" \t\r\n\"'`<>(){},;", at);
    std::size_t next = end;
    if (braced) {
      begin = ink - 1;
      end = text.find(kClose, at);
      next = end + kClose.size();
    }
    std::string_view reference = text.substr(at, end == text.npos ? text.npos : end - at);
    while (reference.ends_with(' ') || reference.ends_with('\t')) reference.remove_suffix(1);
    TRY(const SecureString secret, value(reference));
    filled.append(text.substr(0, begin));
    filled.append(secret.view());
    text = next == std::string_view::npos ? std::string_view() : text.substr(next);
  }
  filled.append(text);
  return filled;
}

std::string variable_name(std::string_view path) {
  bool valid = !path.empty() && is_letter(path.front());
  for (const char c : path) valid = valid && (is_letter(c) || is_digit(c));
  if (valid) return std::string(path);
  std::string name;
  for (const char c : path) {
    const bool small = c >= 'a' && c <= 'z';
    name += small ? static_cast<char>(c - 'a' + 'A') : is_letter(c) || is_digit(c) ? c : '_';
  }
  if (!name.empty() && is_digit(name.front())) name.insert(0, "_");
  return name;
}

}  // namespace oneclaw::cli

#include "cli/settings.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "base/wiping_json.h"
#include "cli/files.h"

namespace oneclaw::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

fs::path config_file() {
  return config_folder() / "config.json";
}

/// The file's object; an empty one when there is no file.
Result<json::object> read_object(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return json::object(wiping_storage());
  TRY(const SecureString text, read_file(file));
  boost::system::error_code failure;
  json::value value = json::parse(text.view(), failure, wiping_storage());
  if (failure || !value.is_object()) {
    return problems::bad_request(file.string() + " isn't a JSON object: mend or remove it.");
  }
  return std::move(value.get_object());
}

std::string_view member(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

fs::path config_folder() {
  // The specification has relative paths ignored.
  if (const auto folder = environment("XDG_CONFIG_HOME"); folder && folder->starts_with('/')) {
    return fs::path(*folder) / "oneclaw";
  }
  if (const auto home = environment("HOME")) return fs::path(*home) / ".config" / "oneclaw";
  const passwd* const user = ::getpwuid(::getuid());
  return fs::path(user != nullptr ? user->pw_dir : "/") / ".config" / "oneclaw";
}

fs::path credentials_file() {
  return config_folder() / "credentials.json";
}

fs::path credentials_lock_file() {
  return config_folder() / "credentials.lock";
}

Result<Settings> Settings::load() {
  TRY(const json::object object, read_object(config_file()));
  Settings settings;
  for (const auto& [name, value] : object) {
    if (value.is_string()) settings.values_[std::string(name)] = std::string(value.get_string());
  }
  return settings;
}

std::optional<std::string> Settings::get(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> Settings::set(const std::string& name, const std::string& value) {
  if (std::ranges::find(kSettingNames, name, &SettingName::name) == kSettingNames.end()) {
    std::string names;
    for (const SettingName& known : kSettingNames) names += " " + std::string(known.name);
    return problems::bad_request("There is no setting " + name + "; there are:" + names + ".");
  }
  if (name == "output-format" && !value.empty() && value != "table" && value != "json" &&
      value != "plain") {
    return problems::bad_request("output-format is table, json or plain.");
  }
  if (name == "api-url" && !value.empty() && !value.starts_with("http://") &&
      !value.starts_with("https://")) {
    return problems::bad_request("api-url starts with https:// or http://.");
  }
  if (value.empty()) {
    values_.erase(name);
  } else {
    values_[name] = value;
  }
  json::object object;
  for (const auto& [key, text] : values_) object[key] = text;
  return write_private_file(config_file(), json::serialize(object) + "\n");
}

Result<std::optional<Session>> load_session(const std::string& base_url) {
  TRY(const json::object object, read_object(credentials_file()));
  const json::value* const servers = object.if_contains("servers");
  if (servers == nullptr || !servers->is_object()) return std::optional<Session>();
  const json::value* const found = servers->get_object().if_contains(base_url);
  if (found == nullptr || !found->is_object()) return std::optional<Session>();
  const json::object& entry = found->get_object();
  Session session;
  session.access_token = SecureString(member(entry, "access_token"));
  session.refresh_token = SecureString(member(entry, "refresh_token"));
  session.email = std::string(member(entry, "email"));
  session.expires_at = parse_rfc3339(member(entry, "expires_at")).value_or(TimePoint{});
  return std::optional<Session>(std::move(session));
}

Result<void> save_session(const std::string& base_url, const std::optional<Session>& session) {
  TRY(json::object object, read_object(credentials_file()));
  json::value& servers = object["servers"];
  if (!servers.is_object()) servers.emplace_object();
  if (session) {
    json::object entry(object.storage());
    entry["access_token"] = session->access_token.view();
    entry["refresh_token"] = session->refresh_token.view();
    entry["expires_at"] = to_rfc3339(session->expires_at);
    entry["email"] = session->email;
    servers.get_object()[base_url] = std::move(entry);
  } else {
    servers.get_object().erase(base_url);
  }
  return write_private_file(credentials_file(), to_secure_json(object).view());
}

}  // namespace oneclaw::cli

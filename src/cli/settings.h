// What the command line keeps between runs: settings, and the tokens of each server.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"

namespace oneclaw::cli {

/// `$XDG_CONFIG_HOME/oneclaw`, or `~/.config/oneclaw` (XDG Base Directory Specification).
std::filesystem::path config_folder();

/// An environment variable; nullopt when unset or empty.
std::optional<std::string> environment(const char* name);

struct SettingName {
  std::string_view name;
  std::string_view what;
};
inline constexpr std::array<SettingName, 4> kSettingNames{{
    {"api-url", "the server's URL (http://127.0.0.1:8118)"},
    {"output-format", "table, json or plain (table)"},
    {"default-vault", "the vault that commands use when none is named"},
    {"ca-cert", "a PEM file of certificates to trust instead of the system's"},
}};

/// `config.json`: one string for each name of kSettingNames that is set.
class Settings {
 public:
  static Result<Settings> load();
  [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
  /// 400 for an unknown name or a value that can't be. An empty value takes the setting away.
  Result<void> set(const std::string& name, const std::string& value);

 private:
  std::map<std::string, std::string> values_;
};

/// A signed-in session with one server.
struct Session {
  SecureString access_token;
  SecureString refresh_token;  ///< empty: sign in again once the access token has expired
  TimePoint expires_at{};
  std::string email;

  [[nodiscard]] bool expires_soon() const { return expires_at <= now() + std::chrono::seconds(30); }
};

/// `credentials.json` (0600): a session for each server's URL, so that no server is ever sent
/// another one's token. Hold `credentials_lock()` from load to save.
Result<std::optional<Session>> load_session(const std::string& base_url);
/// nullopt takes the server's session away.
Result<void> save_session(const std::string& base_url, const std::optional<Session>& session);
std::filesystem::path credentials_file();
std::filesystem::path credentials_lock_file();

}  // namespace oneclaw::cli

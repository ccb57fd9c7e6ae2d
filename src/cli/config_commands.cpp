// config, doctor
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>

#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

Result<int> list_settings(Context& context, NoOptions& /*options*/) {
  json::object whole;
  json::array& rows = whole["settings"].emplace_array();
  for (const SettingName& known : kSettingNames) {
    json::object row;
    row["name"] = known.name;
    row["value"] = context.settings().get(std::string(known.name)).value_or("");
    row["what"] = known.what;
    rows.emplace_back(std::move(row));
  }
  print_rows(context.format(), whole, "settings",
             {{"NAME", "name"}, {"VALUE", "value"}, {"WHAT", "what"}});
  return kDone;
}

struct SettingOptions {
  std::string name;
  std::string value;
};

Result<int> get_setting(Context& context, SettingOptions& options) {
  std::cout << context.settings().get(options.name).value_or("") << "\n";
  return kDone;
}

Result<int> set_setting(Context& context, SettingOptions& options) {
  CHECK_OK(context.settings().set(options.name, options.value));
  return kDone;
}

/// One check of `oneclaw doctor`.
class Report {
 public:
  explicit Report(Format format) : format_(format), colours_(has_colours(STDOUT_FILENO)) {}
  void add(bool fine, const std::string& what, const std::string& finding) {
    if (!fine) ++failures_;
    if (format_ == Format::kJson) {
      rows_.push_back(json::object{{"check", what}, {"ok", fine}, {"finding", finding}});
      return;
    }
    const char* const colour = !colours_ ? "" : fine ? "\x1b[32m" : "\x1b[31m";
    std::cout << colour << (fine ? "ok  " : "BAD ") << (colours_ ? "\x1b[0m" : "") << what << ": "
              << printable(finding) << "\n";
  }
  [[nodiscard]] int finish() const {
    if (format_ == Format::kJson) print_json(rows_);
    return failures_ == 0 ? kDone : kFailed;
  }

 private:
  Format format_;
  bool colours_;
  json::array rows_;
  int failures_ = 0;
};

void check_files(Report& report) {
  struct stat info {};
  const std::string file = credentials_file().string();
  if (::stat(file.c_str(), &info) != 0) {
    report.add(true, "credentials file", "none at " + file);
    return;
  }
  const bool closed = (info.st_mode & 077) == 0 && info.st_uid == ::getuid();
  report.add(closed, "credentials file",
             closed ? file + ", readable by you alone"
                    : file + " is open to others: chmod 600 it, and sign in anew");
}

bool check_server(Context& context, Report& report) {
  Client& client = context.client();
  const Result<HttpAnswer> answer = client.raw("GET", "/v1/health", nullptr, false);
  if (!answer.ok()) {
    report.add(false, "server", answer.problem().detail);
    return false;
  }
  report.add(answer->status == 200, "server",
             client.base_url() + " answers " + std::to_string(answer->status));
  const bool private_way =
      client.base_url().starts_with("https://") || is_loopback_url(client.base_url());
  report.add(private_way, "connection",
             private_way ? "no other machine can read it" : "not HTTPS: others can read along");
  if (answer->date) {
    constexpr std::int64_t kMostSkew = 60;
    const std::int64_t skew = to_unix_seconds(now()) - *answer->date;
    report.add(std::llabs(skew) <= kMostSkew, "clock",
               std::to_string(std::llabs(skew)) + " s from the server's");
  }
  return answer->status == 200;
}

void check_account(Context& context, Report& report) {
  const std::string name = context.client().credentials_name();
  if (name.empty()) {
    report.add(false, "credentials", "none: oneclaw login");
    return;
  }
  const Result<json::value> vaults = context.client().get("/v1/vaults");
  report.add(vaults.ok(), "credentials",
             vaults.ok() ? name + " is accepted" : name + ": " + vaults.problem().detail);
  if (!vaults.ok() || !context.names_vault()) return;
  const Result<std::string> id = context.vault_id();
  const Result<json::value> vault =
      id.ok() ? context.client().get("/v1/vaults/" + *id) : Result<json::value>(id.problem());
  report.add(vault.ok(), "vault", vault.ok() ? cell(*vault, "name") : vault.problem().detail);
}

Result<int> doctor(Context& context, NoOptions& /*options*/) {
  Report report(context.format());
  report.add(true, "version", ONECLAW_VERSION);
  check_files(report);
  if (check_server(context, report)) check_account(context, report);
  return report.finish();
}

}  // namespace

void add_config_commands(CLI::App& app, Context& context) {
  CLI::App& config = add_group(app, "config", "Settings of this command line.");
  add_command<NoOptions>(config, context, "list", "List the settings.", no_options, list_settings);
  add_command<SettingOptions>(
      config, context, "get", "Show a setting.",
      [](CLI::App& command, SettingOptions& options) {
        command.add_option("name", options.name, "Its name")->required()->type_name("NAME");
      },
      get_setting);
  add_command<SettingOptions>(
      config, context, "set", "Change a setting; an empty value takes it away.",
      [](CLI::App& command, SettingOptions& options) {
        command.add_option("name", options.name, "Its name")->required()->type_name("NAME");
        command.add_option("value", options.value, "Its value")->required()->type_name("VALUE");
      },
      set_setting);
}

void add_doctor_command(CLI::App& app, Context& context) {
  add_command<NoOptions>(app, context, "doctor",
                         "Check server, connection, clock and credentials, and say what is wrong.",
                         no_options, doctor);
}

}  // namespace oneclaw::cli

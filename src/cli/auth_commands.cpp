// login, signup, logout, whoami
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "base/encoding.h"
#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/files.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

struct LoginOptions {
  std::optional<std::string> email;
  bool password_stdin = false;
};

Result<SecureString> read_password(bool from_stdin, std::string_view question) {
  if (!from_stdin) return ask_hidden(question);
  TRY(SecureString password, read_file("-", 4096));
  while (!password.empty() &&
         (password.view().ends_with('\n') || password.view().ends_with('\r'))) {
    password.resize(password.size() - 1);
  }
  return password;
}

Result<int> keep_session(Context& context, const json::value& answer, const std::string& email) {
  const Session session = session_from(answer.as_object(), email);
  if (session.access_token.empty()) {
    return problems::unauthorized("The server's answer holds no token.");
  }
  TRY(const FileLock lock, FileLock::take(credentials_lock_file()));
  CHECK_OK(save_session(context.client().base_url(), session));
  note("Signed in to " + context.client().base_url() + " as " + email + ".");
  return kDone;
}

/// The second factor, when the account has one.
Result<json::value> finish_mfa(Context& context, json::value answer) {
  const json::object& object = answer.as_object();
  const json::value* const needed = object.if_contains("mfa_required");
  if (needed == nullptr || !needed->is_bool() || !needed->get_bool()) return answer;
  TRY(const std::string code, ask("Code of your authenticator (or a recovery code):"));
  json::object body(wiping_storage());
  body["mfa_token"] = object.at("mfa_token");
  body["code"] = code;
  return context.client().call_public("POST", "/v1/auth/mfa/verify", body);
}

Result<int> login_by_password(Context& context, const LoginOptions& options) {
  std::string email = options.email.value_or("");
  if (email.empty()) {
    TRY(email, ask("Email:"));
  }
  TRY(const SecureString password, read_password(options.password_stdin, "Password:"));
  json::object body(wiping_storage());
  body["email"] = email;
  body["password"] = password.view();
  TRY(json::value answer, context.client().call_public("POST", "/v1/auth/token", body));
  TRY(answer, finish_mfa(context, std::move(answer)));
  return keep_session(context, answer, email);
}

/// One look at the device grant: nullopt while the user has not decided (RFC 8628 §3.5).
Result<std::optional<json::value>> poll_device(Context& context, const json::value& body,
                                               std::chrono::seconds& interval) {
  TRY(const HttpAnswer answer, context.client().raw("POST", "/v1/auth/device/token", &body, false));
  boost::system::error_code failure;
  json::value value = json::parse(answer.body.view(), failure, wiping_storage());
  if (failure || !value.is_object()) {
    return problems::unavailable("The server's answer can't be read.");
  }
  const json::object& object = value.get_object();
  if (object.contains("access_token")) return std::optional<json::value>(std::move(value));
  std::string error = cell(value, "error");
  if (error.empty()) {
    const std::string type = cell(value, "type");
    error = type.substr(type.rfind(':') + 1);
  }
  if (error.find("slow") != std::string::npos || answer.status == 429) {
    interval += std::chrono::seconds(5);
    return std::optional<json::value>();
  }
  if (error.find("pending") != std::string::npos || answer.status == 503) {
    return std::optional<json::value>();
  }
  if (error.find("denied") != std::string::npos) {
    return problems::unauthorized("The sign-in was denied.");
  }
  return problems::unauthorized("The code has expired or was used: start again.");
}

Result<int> login_by_device(Context& context) {
  TRY(const std::string email, ask("Email:"));
  json::object start;
  start["client_id"] = "oneclaw-cli";
  start["email"] = email;
  TRY(const json::value code, context.client().call_public("POST", "/v1/auth/device/code", start));
  std::cerr << "Open  " << cell(code, "verification_uri") << "\nand confirm the code  "
            << cell(code, "user_code") << "\nWaiting for you there (Ctrl-C to stop) ..."
            << std::endl;
  json::object body(wiping_storage());
  body["device_code"] = code.at("device_code");
  body["grant_type"] = kDeviceGrant;
  std::chrono::seconds interval(code.at("interval").as_int64());
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(code.at("expires_in").as_int64());
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(interval);
    TRY(const std::optional<json::value> answer, poll_device(context, body, interval));
    if (answer) return keep_session(context, *answer, email);
  }
  return problems::unauthorized("Nobody confirmed the code in time: start again.");
}

Result<int> login(Context& context, LoginOptions& options) {
  if (!context.base_url().starts_with("https://") && !is_loopback_url(context.base_url())) {
    note("Warning: " + context.base_url() + " isn't HTTPS; anyone on the way can read along.");
  }
  return options.email || options.password_stdin ? login_by_password(context, options)
                                                 : login_by_device(context);
}

struct SignupOptions {
  std::string email;
  std::string name;
  bool password_stdin = false;
};

Result<int> signup(Context& context, SignupOptions& options) {
  std::string email = options.email;
  if (email.empty()) {
    TRY(email, ask("Email:"));
  }
  TRY(const SecureString password, read_password(options.password_stdin, "New password:"));
  if (!options.password_stdin) {
    TRY(const SecureString again, ask_hidden("The same again:"));
    if (!secure_equal(again.bytes(), password.bytes())) {
      return problems::bad_request("The two passwords differ.");
    }
  }
  json::object body(wiping_storage());
  body["email"] = email;
  body["password"] = password.view();
  if (!options.name.empty()) body["display_name"] = options.name;
  TRY(const json::value answer, context.client().call_public("POST", "/v1/auth/signup", body));
  if (cell(answer, "access_token").empty()) {
    note(cell(answer, "message"));
    return kDone;
  }
  return keep_session(context, answer, email);
}

Result<int> logout(Context& context, NoOptions& /*options*/) {
  const std::string& url = context.client().base_url();
  TRY(const FileLock lock, FileLock::take(credentials_lock_file()));
  TRY(const std::optional<Session> session, load_session(url));
  if (!session) {
    note("You weren't signed in to " + url + ".");
    return kDone;
  }
  // The server ends the token's whole family; when it can't be reached the file still goes.
  const HttpRequest request{.method = "DELETE",
                            .url = url + "/v1/auth/token",
                            .bearer = session->access_token.view(),
                            .body = std::nullopt};
  const Result<HttpAnswer> answer = context.client().http().send(request);
  CHECK_OK(save_session(url, std::nullopt));
  const bool ended = answer.ok() && (answer->status < 300 || answer->status == 401);
  note(ended ? "Signed out of " + url + "."
             : "Forgot the session here, but the server did not confirm: its token may live on.");
  return kDone;
}

Result<int> whoami(Context& context, NoOptions& /*options*/) {
  TRY(const SecureString token, context.client().token());
  const std::string_view text = token.view();
  const std::size_t dot = text.find('.');
  const auto claims =
      from_base64url(text.substr(std::min(dot, text.size() - 1) + 1, text.rfind('.') - dot - 1));
  const bool agent = claims && as_text(*claims).find("\"agent:") != std::string_view::npos;
  if (agent) {
    TRY(const json::value me, context.client().get("/v1/agents/me"));
    print_record(context.format(), me,
                 {{"agent", "name"},
                  {"id", "id"},
                  {"org", "org_id"},
                  {"scopes", "scopes"},
                  {"expires", "expires_at"}});
  } else {
    TRY(const json::value me, context.client().get("/v1/auth/me"));
    print_record(context.format(), me,
                 {{"user", "email"},
                  {"name", "display_name"},
                  {"id", "id"},
                  {"org", "org_id"},
                  {"role", "role"}});
  }
  note("Server " + context.client().base_url() + ", by " + context.client().credentials_name() +
       ".");
  return kDone;
}

}  // namespace

void add_auth_commands(CLI::App& app, Context& context) {
  add_command<LoginOptions>(
      app, context, "login",
      "Sign in: by confirming a code in the browser, or with --email by password.",
      [](CLI::App& command, LoginOptions& options) {
        command
            .add_option_function<std::vector<std::string>>(
                "--email",
                [&options](const std::vector<std::string>& given) {
                  options.email = given.empty() ? std::string() : given.front();
                },
                "Sign in by password, and by code when the account has MFA")
            ->expected(0, 1)
            ->type_name("[EMAIL]")
            ->trigger_on_parse();
        command.add_flag("--password-stdin", options.password_stdin,
                         "Read the password from standard input");
      },
      login);
  add_command<SignupOptions>(
      app, context, "signup", "Make an account with an organization of its own, and sign in.",
      [](CLI::App& command, SignupOptions& options) {
        command.add_option("--email", options.email, "Your address; asked for when missing");
        command.add_option("--name", options.name, "Your name");
        command.add_flag("--password-stdin", options.password_stdin,
                         "Read the password from standard input");
      },
      signup);
  add_command<NoOptions>(app, context, "logout",
                         "Sign out: the server ends the session, and its tokens are removed here.",
                         no_options, logout);
  add_command<NoOptions>(app, context, "whoami", "Show who the server takes you for.", no_options,
                         whoami);
}

}  // namespace oneclaw::cli

// mfa status | enable | disable
#include <boost/json.hpp>
#include <iostream>

#include "base/wiping_json.h"
#include "cli/context.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace json = boost::json;

namespace {

Result<int> status(Context& context, NoOptions& /*options*/) {
  TRY(const json::value answer, context.client().get("/v1/auth/mfa/status"));
  print_record(context.format(), answer, {{"enabled", "enabled"}});
  return kDone;
}

Result<int> enable(Context& context, NoOptions& /*options*/) {
  TRY(const json::value setup, context.client().call("POST", "/v1/auth/mfa/setup"));
  std::cerr << "Add this to your authenticator:\n  " << cell(setup, "otpauth_uri")
            << "\nor type in the secret:\n  " << cell(setup, "secret") << "\n";
  TRY(const std::string code, ask("Code that it shows:"));
  json::object body;
  body["code"] = code;
  TRY(const json::value answer, context.client().call("POST", "/v1/auth/mfa/verify-setup", body));
  if (context.format() == Format::kJson) {
    print_json(answer);
    return kDone;
  }
  note("MFA is on. Keep these recovery codes; each works once, and they aren't shown again:");
  for (const json::value& recovery : answer.at("recovery_codes").as_array()) {
    std::cout << std::string_view(recovery.as_string()) << "\n";
  }
  return kDone;
}

Result<int> disable(Context& context, NoOptions& /*options*/) {
  TRY(const std::string code, ask("Code of your authenticator (or a recovery code):"));
  json::object body(wiping_storage());
  body["code"] = code;
  CHECK_OK(context.client().call("DELETE", "/v1/auth/mfa", body));
  note("MFA is off.");
  return kDone;
}

}  // namespace

void add_mfa_commands(CLI::App& app, Context& context) {
  CLI::App& mfa = add_group(app, "mfa", "The second factor of your sign-in.");
  add_command<NoOptions>(mfa, context, "status", "Show whether it is on.", no_options, status);
  add_command<NoOptions>(mfa, context, "enable",
                         "Turn it on: adds a secret to your authenticator, asks for its code.",
                         no_options, enable);
  add_command<NoOptions>(mfa, context, "disable", "Turn it off, with a code.", no_options, disable);
}

}  // namespace oneclaw::cli

// The pages of invitations and shares, for people who came by a link and have no client. Opening
// one accepts and shows nothing, for mail scanners open links too: that takes the page's button.
#include <memory>
#include <string>
#include <utility>

#include "api/form.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "service/ip_rules.h"
#include "service/mfa.h"
#include "service/one_time_tokens.h"
#include "service/organization.h"
#include "service/shares.h"
#include "service/sign_in.h"
#include "service/tokens.h"

namespace oneclaw::api {

using http::Request;
using http::Response;

namespace {

constexpr std::string_view kPasswordInput =
    "<p><label>Password<br><input type=\"password\" name=\"password\" required></label></p>";
constexpr std::string_view kCodeInput =
    "<p><label>Code, if the account has a second factor<br><input name=\"code\" "
    "autocomplete=\"one-time-code\"></label></p>";

SecureString field(const Request& request, std::string_view name) {
  return form_field(request, name).value_or(SecureString());
}

/// Signs in for this one request; `email` normalized. 403 where the org's IP rules say no.
boost::asio::awaitable<Result<void>> sign_in(const Guests& guests, Request& request,
                                             std::string email) {
  CO_TRY(
      service::IssuedToken issued,
      co_await guests.sign_in.login(request.caller, std::move(email), field(request, "password")));
  if (!issued.mfa_token.empty()) {
    CO_TRY(issued, co_await guests.mfa.verify(request.caller, std::move(issued.mfa_token),
                                              field(request, "code")));
  }
  CO_TRY(request.caller.principal, co_await guests.tokens.authenticate(issued.access_token.view()));
  if (!guests.ip_rules.admits(request.caller.principal, request.caller.address)) {
    co_return problems::forbidden("The org's IP rules don't let this address in.");
  }
  request.caller.audited = false;  // the signing in was; what it is for is still to come
  co_return Result<void>();
}

Reply join_page(const Guests& guests, Request& request) {
  const std::string token(request.query("token").value_or(""));
  const auto view =
      co_await guests.organization.view_invitation(request.caller, SecureString(token));
  if (!view.ok()) co_return problem_page(view.problem());
  std::string body = "<p>You are invited to <strong>" + escape_html(view->org_name) +
                     "</strong> as " + escape_html(view->invitation.role) + ", with the address " +
                     escape_html(view->invitation.email) + ".</p>";
  std::string inputs =
      "<p>With an account, give its password: you leave your present org. Without one, choose a "
      "password of 8 characters or more.</p>";
  inputs.append(kPasswordInput).append(kCodeInput).append("<button>Join</button>");
  body += token_form("/join", token, inputs);
  co_return page_reply(200, "An invitation", body);
}

bool is_taken(const Problem& problem) {
  return problem.fields.size() == 1 && problem.fields[0].field == "email";
}

boost::asio::awaitable<Result<void>> join(const Guests& guests, Request& request) {
  SecureString token = field(request, "token");
  CO_TRY(const service::InvitationView view,
         co_await guests.organization.view_invitation(request.caller, token));
  request.caller.audited = false;
  const std::string& email = view.invitation.email;
  const auto made =
      co_await guests.sign_in.signup(request.caller, email, field(request, "password"), {}, token);
  if (made.ok()) co_return Result<void>();
  if (!is_taken(made.problem())) co_return made.problem();
  CO_CHECK_OK(co_await sign_in(guests, request, email));
  // Ends every token of before, that of this request too.
  CO_CHECK_OK(co_await guests.organization.join(request.caller, std::move(token)));
  co_return Result<void>();
}

Reply join_form(const Guests& guests, Request& request) {
  const Result<void> joined = co_await join(guests, request);
  if (!joined.ok()) co_return problem_page(joined.problem());
  co_return page_reply(200, "Welcome", paragraph("You have joined. Sign in with your password."));
}

Reply share_page(const Guests& /*guests*/, Request& request) {
  const std::string_view id = request.path_param("share_id");
  std::string inputs;
  if (!id.starts_with(service::kSharePrefix)) {
    inputs =
        "<p>It is for one recipient. Sign in with the address that it was sent to; if that has no "
        "account yet, sign up with it first.</p><p><label>Email address<br><input type=\"email\" "
        "name=\"email\" required></label></p>";
    inputs.append(kPasswordInput).append(kCodeInput);
  }
  inputs +=
      "<p><label>Passphrase, if the share has one<br><input type=\"password\" name=\"passphrase\" "
      "autocomplete=\"off\"></label></p><button>Show it</button>";
  co_return page_reply(200, "A secret was shared with you", token_form("/share", id, inputs));
}

Reply share_form(const Guests& guests, Request& request) {
  SecureString id = field(request, "token");
  if (!id.view().starts_with(service::kSharePrefix)) {
    const auto email = service::normalize_email(field(request, "email").view());
    if (!email.ok()) co_return problem_page(email.problem());
    const Result<void> known = co_await sign_in(guests, request, *email);
    if (!known.ok()) co_return problem_page(known.problem());
  }
  std::optional<SecureString> passphrase = form_field(request, "passphrase");
  if (passphrase && passphrase->empty()) passphrase.reset();
  const auto opened =
      co_await guests.shares.open(request.caller, std::move(id), std::move(passphrase));
  if (request.caller.principal.is_user()) {
    Caller& caller = request.caller;
    const bool audited = std::exchange(caller.audited, true);
    CO_CHECK_OK(co_await guests.sign_in.sign_out(caller));
    caller.audited = audited;
  }
  if (!opened.ok()) co_return problem_page(opened.problem());
  SecureString body("<p>");
  append_html(body, opened->metadata.path);
  body.append("</p><pre>");
  append_html(body, as_text(opened->value));
  body.append("</pre>");
  co_return page_reply(200, "The secret", body.view());
}

}  // namespace

void add_guest_pages(http::Router& router, const Guests& services) {
  const auto guests = std::make_shared<const Guests>(services);
  const auto add = [&](http::Method method, std::string pattern, std::string action,
                       Reply (*handler)(const Guests&, Request&)) {
    router.add(
        {.method = method,
         .pattern = std::move(pattern),
         .access = http::Access::kPublic,
         .action = std::move(action),
         .scope = {},
         .handler = [guests, handler](Request& request) { return handler(*guests, request); }});
  };
  using enum http::Method;
  add(kGet, "/join", "member.view_invitation", join_page);
  add(kPost, "/join", "member.join", join_form);
  add(kGet, "/share/{share_id}", {}, share_page);
  add(kPost, "/share", "share.access", share_form);
}

}  // namespace oneclaw::api

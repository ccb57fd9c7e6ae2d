// The pages that links in emails lead to. Opening one changes nothing, for mail scanners open
// links too: what is to be done is done by the page's button.
#include <string>

#include "api/form.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/routes.h"
#include "service/account.h"
#include "service/enrolments.h"
#include "service/sign_in.h"

namespace oneclaw::api {

using http::Request;
using http::Response;
using service::Account;
using service::Enrolments;
using service::SignIn;

namespace {

template <class T>
Result<Response> page_of(const Result<T>& result, std::string_view title, std::string_view text) {
  if (result.ok()) return page_reply(200, title, paragraph(text));
  return problem_page(result.problem());
}

Reply verify_email_page(SignIn& /*sign_in*/, Request& request) {
  const std::string token(request.query("token").value_or(""));
  co_return page_reply(200, "Verify your email address",
                       token_form("/verify-email", token,
                                  "<p>One click makes your account.</p>"
                                  "<button>Make my account</button>"));
}

Reply verify_email_form(SignIn& sign_in, Request& request) {
  SecureString token = form_field(request, "token").value_or(SecureString());
  const auto issued = co_await sign_in.verify_email(request.caller, std::move(token));
  co_return page_of(issued, "Welcome", "Your address is verified. Sign in with your password.");
}

Reply reset_page(Account& /*account*/, Request& request) {
  const std::string token(request.query("token").value_or(""));
  co_return page_reply(
      200, "Choose a new password",
      token_form("/reset-password", token,
                 "<p><label>New password (8 characters or more)<br><input type=\"password\" "
                 "name=\"new_password\" autocomplete=\"new-password\" minlength=\"8\" required>"
                 "</label></p><button>Change the password</button>"));
}

Reply reset_form(Account& account, Request& request) {
  SecureString token = form_field(request, "token").value_or(SecureString());
  SecureString fresh = form_field(request, "new_password").value_or(SecureString());
  const auto done =
      co_await account.reset_password(request.caller, std::move(token), std::move(fresh));
  co_return page_of(done, "Done", "The password was changed, and every device is signed out.");
}

Reply approve_agent_page(Enrolments& enrolments, Request& request) {
  const std::string token(request.query("token").value_or(""));
  if (token.empty()) {
    const std::string id(request.query("id").value_or(""));
    co_return page_reply(
        200, "An agent asks to be let in",
        "<p>To let it into your org, an owner or admin approves it where they are signed in:</p>"
        "<p><code>POST /v1/agents/enroll/" +
            escape_html(id) + "/approve</code></p><p>Or refuse it: <code>…/deny</code>.</p>");
  }
  const auto row = co_await enrolments.look_up_link(request.caller, SecureString(token));
  if (!row.ok()) co_return page_of(row, {}, {});
  std::string body = "<p>Name: <strong>" + escape_html(row->name) + "</strong></p>";
  if (!row->description.empty()) body += paragraph("It says: " + row->description);
  if (row->fingerprint) body += paragraph("Key fingerprint: " + *row->fingerprint);
  body += token_form("/approve-agent", token,
                     "<p>It reaches nothing until you write a policy for it.</p>"
                     "<button name=\"decision\" value=\"approved\">Let it in</button>"
                     "<button name=\"decision\" value=\"denied\">Refuse it</button>");
  co_return page_reply(200, "An agent asks to be let in", body);
}

Reply approve_agent_form(Enrolments& enrolments, Request& request) {
  SecureString token = form_field(request, "token").value_or(SecureString());
  const auto decision = form_field(request, "decision");
  const bool approve = decision && decision->view() == "approved";
  if (!approve && (!decision || decision->view() != "denied")) {
    co_return problem_page(problems::validation("decision", "must be approved or denied"));
  }
  const auto row = co_await enrolments.decide_by_link(request.caller, std::move(token), approve);
  co_return page_of(row, "Done", approve ? "The agent was let in." : "The agent was refused.");
}

}  // namespace

void add_link_pages(http::Router& router, SignIn& sign_in, Account& account,
                    Enrolments& enrolments) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, std::string action, auto handler,
                       auto& service) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = http::Access::kPublic,
                .action = std::move(action),
                .scope = {},
                .handler = bind_handler(handler, service)});
  };
  add(kGet, "/verify-email", {}, verify_email_page, sign_in);
  add(kPost, "/verify-email", "auth.verify_email", verify_email_form, sign_in);
  add(kGet, "/reset-password", {}, reset_page, account);
  add(kPost, "/reset-password", "auth.reset_password", reset_form, account);
  add(kGet, "/approve-agent", {}, approve_agent_page, enrolments);
  add(kPost, "/approve-agent", "agent.enroll_approve", approve_agent_form, enrolments);
}

}  // namespace oneclaw::api

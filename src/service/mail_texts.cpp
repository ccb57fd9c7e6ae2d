#include "service/mail_texts.h"

#include <utility>

namespace oneclaw::service::mail {

namespace {

constexpr std::size_t kMostLineBytes = 200;

Email make(std::string to, std::string kind, std::string subject, std::string_view text) {
  return {.to = std::move(to),
          .kind = std::move(kind),
          .subject = std::move(subject),
          .text = SecureString(text)};
}

void append_link(Email& email, std::string_view public_url, std::string_view page,
                 const SecureString& token) {
  email.text.append(public_url);
  email.text.append(page);
  email.text.append("?token=");
  email.text.append(token.view());
  email.text.append("\n\n");
}

/// To the minute.
std::string when(TimePoint time) {
  const std::string text = to_rfc3339(time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

}  // namespace

std::string plain_line(std::string_view text) {
  std::string line(text.substr(0, kMostLineBytes));
  // Not cut in the middle of a character.
  while (text.size() > kMostLineBytes && !line.empty() && (line.back() & '\x80') != 0) {
    line.pop_back();
  }
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  for (std::size_t at = line.find("://"); at != std::string::npos; at = line.find("://")) {
    line.replace(at, 3, " ");
  }
  return line;
}

Email verify_signup(std::string to, std::string_view public_url, const SecureString& token) {
  Email email = make(std::move(to), "verify_email", "Verify your email address",
                     "Open this link within 24 hours to make your oneclaw account:\n\n");
  append_link(email, public_url, "/verify-email", token);
  email.text.append("If you did not sign up, ignore this email: no account is made.\n");
  return email;
}

Email already_signed_up(std::string to) {
  return make(std::move(to), "already_signed_up", "You have an account already",
              "Somebody, maybe you, tried to sign up with this address, which has a oneclaw "
              "account already. Nothing was changed. If you forgot the password, reset it.\n");
}

Email password_reset(std::string to, std::string_view public_url, const SecureString& token) {
  Email email = make(std::move(to), "password_reset", "Reset your password",
                     "Open this link within an hour to choose a new password:\n\n");
  append_link(email, public_url, "/reset-password", token);
  email.text.append(
      "It works once, and every device is signed out then. If you did not ask for it, ignore "
      "this email.\n");
  return email;
}

Email no_password(std::string to) {
  return make(std::move(to), "no_password", "Your account has no password",
              "Somebody, maybe you, asked to reset the password of your oneclaw account, but it "
              "has none: sign in with Google.\n");
}

Email password_changed(std::string to) {
  return make(std::move(to), "password_changed", "Your password was changed",
              "The password of your oneclaw account was just changed. If that wasn't you, reset it "
              "at once.\n");
}

Email email_change(std::string to, const SecureString& code) {
  Email email = make(std::move(to), "email_change", "Your code for the new address",
                     "Enter this code within 15 minutes to use this address for your oneclaw "
                     "account:\n\n");
  email.text.append(code.view());
  email.text.append("\n\nIf you did not ask for it, ignore this email.\n");
  return email;
}

Email email_changed(std::string to) {
  return make(std::move(to), "email_changed", "Your email address was changed",
              "Your oneclaw account has another email address from now on. If that wasn't you, "
              "tell the people who run this server.\n");
}

Email account_deleted(std::string to) {
  return make(std::move(to), "account_deleted", "Your account was deleted",
              "Your oneclaw account and what was yours alone in it are gone.\n");
}

Email api_key_created(std::string to, std::string_view name) {
  return make(std::move(to), "api_key_created", "A personal API key was made",
              "A personal API key called \"" + plain_line(name) +
                  "\" was just made for your oneclaw account. If that wasn't you, revoke it and "
                  "change your password.\n");
}

Email mfa_changed(std::string to, bool enabled) {
  return make(std::move(to), "mfa_changed",
              enabled ? "The second factor is on" : "The second factor is off",
              enabled ? "Your oneclaw account asks for a code at log-in from now on.\n"
                      : "Your oneclaw account asks for no code at log-in any more. If that wasn't "
                        "you, change your password at once.\n");
}

Email share_received(std::string to, std::string_view author, std::string_view link,
                     TimePoint expires_at, bool needs_account) {
  Email email = make(
      std::move(to), "share_received", "A secret was shared with you",
      plain_line(author) + " has shared a secret with you, until " + when(expires_at) + ":\n\n");
  email.text.append(link);
  email.text.append(needs_account
                        ? "\n\nIt opens for the oneclaw account with this email address: sign up "
                          "first if you have none."
                        : "\n\nIt opens for your oneclaw account alone.");
  email.text.append(" If you don't know the sender, ignore this email.\n");
  return email;
}

Email share_accessed(std::string to, std::string_view path, std::string_view reader) {
  return make(std::move(to), "share_accessed", "A secret that you shared was opened",
              "The secret \"" + plain_line(path) +
                  "\" that you shared was opened for the first time, by " + plain_line(reader) +
                  ". If you didn't expect that, revoke the share and rotate the secret.\n");
}

Email invitation(std::string to, std::string_view org_name, std::string_view inviter,
                 std::string_view role, std::string_view link, TimePoint expires_at) {
  Email email = make(std::move(to), "invitation", "You are invited to an org on oneclaw",
                     plain_line(inviter) + " invites you to join \"" + plain_line(org_name) +
                         "\" as " + std::string(role) + ", until " + when(expires_at) + ":\n\n");
  email.text.append(link);
  email.text.append("\n\nIf you don't know the sender, ignore this email: nothing happens.\n");
  return email;
}

Email enrolment(std::string to, std::string_view public_url, std::string_view agent_name,
                const SecureString& token) {
  Email email = make(std::move(to), "enrolment_requested", "An agent asks to join your org",
                     "An agent that calls itself \"");
  email.text.append(agent_name);
  email.text.append(
      "\" asks to join your oneclaw org. It reaches nothing until you write a policy for it. "
      "Open this link within 24 hours to let it in or to refuse it:\n\n");
  append_link(email, public_url, "/approve-agent", token);
  email.text.append("If you expect no agent, refuse it or ignore this email.\n");
  return email;
}

}  // namespace oneclaw::service::mail

// /v1/auth: the address and password of an account, its settings, and its data as a whole.
#include "service/account.h"

#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "domain/policy.h"
#include "service/account_data.h"
#include "service/profile.h"
#include "service/sign_in.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Account;
using service::AccountData;
using service::Profile;

namespace {

constexpr JsonBody::TextRule kEmail{.least = 1, .most = 1024};
constexpr JsonBody::TextRule kToken{.least = 1, .most = kMostTextBytes};
constexpr JsonBody::TextRule kNewPassword{.least = 0, .most = kMostTextBytes};

http::Response message_reply(std::string_view message) {
  json::object body;
  body["message"] = message;
  return json_reply(200, body);
}

/// The `X-Auth-Confirm` header.
std::optional<SecureString> proof_of(const Request& request) {
  const auto header = request.header("X-Auth-Confirm");
  if (!header || header->empty()) return std::nullopt;
  return SecureString(*header);
}

Reply forgot_password(Account& account, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string email = body.required_text("email", kEmail);
  if (body.has("email")) body.note(service::normalize_email(email));
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await account.forgot_password(request.caller, std::move(email)));
  json::object answer;
  answer["message"] = account.sends_mail()
                          ? "If the address has an account, a link is on its way to it."
                          : "This server sends no email: ask those who run it for help.";
  answer["status"] = "email_sent";  // whether it has one stays between it and us
  co_return json_reply(200, answer);
}

Reply reset_password(Account& account, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString token = body.required_secret("token", kToken);
  SecureString fresh = body.required_secret("new_password", kNewPassword);
  if (body.has("new_password")) body.note(service::validate_password(fresh, "new_password"));
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await account.reset_password(request.caller, std::move(token), std::move(fresh)));
  co_return message_reply("The password was changed, and every device is signed out.");
}

Reply set_password(Account& account, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString password = body.required_secret("password", kNewPassword);
  const SecureString again = body.required_secret("password_confirm", kNewPassword);
  if (body.has("password") && body.has("password_confirm") &&
      !secure_equal(password.bytes(), again.bytes())) {
    body.mistake("password_confirm", "must be the same as password");
  }
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await account.set_password(request.caller, std::move(password)));
  co_return message_reply("The password was set.");
}

Reply change_email(Account& account, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string email = body.required_text("new_email", kEmail);
  if (body.has("new_email")) body.note(service::normalize_email(email, "new_email"));
  CO_CHECK_OK(body.check());
  CO_TRY(const service::EmailChange change,
         co_await account.change_email(request.caller, std::move(email)));
  json::object answer(wiping_storage());
  answer["message"] = change.code ? "There is no mail server: the code is in this answer."
                                  : "A code is on its way to the new address.";
  answer["new_email"] = change.new_email;
  answer["expires_in_seconds"] = service::kEmailChangeLife.count();
  if (change.code) answer["code"] = change.code->view();
  co_return secret_reply(200, answer);
}

Reply verify_email_change(Account& account, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  SecureString code = body.required_secret("code", {.least = 1, .most = 64});
  CO_CHECK_OK(body.check());
  CO_TRY(const std::string email,
         co_await account.verify_email_change(request.caller, std::move(code)));
  json::object answer;
  answer["message"] = "The address was changed.";
  answer["email"] = email;
  co_return json_reply(200, answer);
}

json::object settings_json(const store::UserRow& user) {
  json::object body;
  body["require_passkey_for_vaults"] = false;
  body["passkey_count"] = 0;
  body["totp_enabled"] = user.totp_enabled;
  body["has_password"] = user.password_hash.has_value();
  body["email_verified"] = user.email_verified;
  return body;
}

Reply get_settings(Profile& profile, Request& request) {
  CO_TRY(const store::UserRow user, co_await profile.get(request.caller));
  co_return json_reply(200, settings_json(user));
}

Reply update_settings(Profile& profile, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  if (body.boolean("require_passkey_for_vaults") == true) {
    body.mistake("require_passkey_for_vaults", "can't be set: this account has no passkey");
  }
  CO_CHECK_OK(body.check());
  CO_TRY(const store::UserRow user,
         co_await profile.update(request.caller, std::nullopt, std::nullopt));
  co_return json_reply(200, settings_json(user));
}

json::object named(const Uuid& id, std::string_view name, TimePoint created_at) {
  json::object body;
  body["id"] = id.to_string();
  body["name"] = name;
  body["created_at"] = to_rfc3339(created_at);
  return body;
}

json::object export_user(const store::UserRow& user) {
  json::object body;
  body["id"] = user.id.to_string();
  body["email"] = user.email;
  body["display_name"] = user.display_name;
  body["auth_method"] = user.auth_method;
  body["email_verified"] = user.email_verified;
  body["marketing_emails"] = user.marketing_emails;
  body["totp_enabled"] = user.totp_enabled;
  body["created_at"] = to_rfc3339(user.created_at);
  return body;
}

json::object export_secret(const service::ExportedSecret& secret) {
  json::object body;
  body["id"] = secret.metadata.secret_id.to_string();
  body["vault_id"] = secret.vault_id.to_string();
  body["path"] = secret.metadata.path;
  body["type"] = secret.metadata.version.type;
  body["version"] = secret.metadata.version.version;
  set_json(body, "metadata", secret.metadata.version.metadata);
  body["created_at"] = to_rfc3339(secret.metadata.version.created_at);
  return body;
}

json::object export_policy(const store::PolicyRow& policy) {
  json::object body;
  body["id"] = policy.id.to_string();
  body["vault_id"] = policy.vault_id.to_string();
  body["principal_type"] = policy.principal_type;
  body["principal_id"] = policy.principal_id.to_string();
  body["secret_path_pattern"] = policy.secret_path_pattern;
  body["permissions"] = to_json_array(
      domain::permission_names(static_cast<domain::PermissionSet>(policy.permissions)));
  body["created_at"] = to_rfc3339(policy.created_at);
  return body;
}

json::object export_event(const domain::AuditEvent& event) {
  json::object body;
  body["id"] = event.id.to_string();
  body["action"] = event.action;
  body["resource_type"] = event.resource_type;
  body["resource_id"] = event.resource_id;
  body["ip_address"] = event.ip_address;
  body["created_at"] = to_rfc3339(event.created_at);
  return body;
}

json::object export_share(const store::ListedShare& listed) {
  const auto& [share, path] = listed;
  json::object body;
  body["id"] = share.id.to_string();
  body["secret_id"] = share.secret_id.to_string();
  body["secret_path"] = path;
  body["recipient_type"] = share.recipient_type;
  if (share.recipient_id) body["recipient_id"] = share.recipient_id->to_string();
  if (share.recipient_email) body["recipient_email"] = *share.recipient_email;
  body["access_count"] = share.access_count;
  body["expires_at"] = to_rfc3339(share.expires_at);
  body["created_at"] = to_rfc3339(share.created_at);
  return body;
}

Reply export_data(AccountData& data, Request& request) {
  CO_TRY(const service::AccountExport found,
         co_await data.take_along(request.caller, proof_of(request)));
  json::object body;
  body["export_version"] = "1";
  body["exported_at"] = to_rfc3339(found.exported_at);
  body["user"] = export_user(found.user);
  body["memberships"] = list_of(found.memberships, [](const store::MembershipRow& row) {
    return json::object{{"org_id", row.org_id.to_string()}, {"role", row.role}};
  });
  body["vaults"] = list_of(found.vaults, [](const store::VaultRow& row) {
    return named(row.id, row.name, row.created_at);
  });
  body["agents"] = list_of(found.agents, [](const store::AgentRow& row) {
    return named(row.id, row.name, row.created_at);
  });
  body["secrets_metadata"] = list_of(found.secrets, export_secret);
  body["policies"] = list_of(found.policies, export_policy);
  body["api_keys"] = list_of(found.api_keys, [](const store::ApiKeyRow& row) {
    return named(row.id, row.name, row.created_at);
  });
  body["audit_events"] = list_of(found.events, export_event);
  body["shares"] = list_of(found.shares, export_share);
  json::array cut;
  if (found.more_secrets) cut.emplace_back("secrets_metadata");
  if (found.more_shares) cut.emplace_back("shares");
  if (found.more_events) cut.emplace_back("audit_events");
  body["truncated"] = !cut.empty();
  body["truncated_lists"] = std::move(cut);
  body["limits"] = json::object{{"secrets_metadata", service::kMostExportedSecrets},
                                {"shares", service::kMostExportedShares},
                                {"audit_events", service::kMostExportedEvents}};
  co_return secret_reply(200, body);
}

Reply delete_me(AccountData& data, Request& request) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string confirmation = body.required_text("confirmation", kEmail);
  CO_CHECK_OK(body.check());
  CO_CHECK_OK(co_await data.erase(request.caller, std::move(confirmation), proof_of(request)));
  co_return empty_reply();
}

}  // namespace

void add_account_routes(http::Router& router, Account& account, AccountData& data,
                        Profile& profile) {
  using enum http::Method;
  using enum http::Access;
  const auto add = [&](http::Method method, std::string tail, http::Access access,
                       std::string action, auto handler, auto& service) {
    router.add({.method = method,
                .pattern = "/v1/auth/" + tail,
                .access = access,
                .action = std::move(action),
                .scope = access == kPublic ? ""
                         : method == kGet  ? "profile:read"
                                           : "profile:write",
                .handler = bind_handler(handler, service)});
  };
  add(kPost, "forgot-password", kPublic, "auth.forgot_password", forgot_password, account);
  add(kPost, "reset-password", kPublic, "auth.reset_password", reset_password, account);
  add(kPost, "set-password", kUser, "auth.set_password", set_password, account);
  add(kPost, "change-email", kUser, "auth.change_email", change_email, account);
  add(kPost, "verify-email-change", kUser, "auth.verify_email_change", verify_email_change,
      account);
  add(kGet, "settings", kUser, "user.read", get_settings, profile);
  add(kPatch, "settings", kUser, "user.update", update_settings, profile);
  add(kPost, "export-data", kUser, "user.export", export_data, data);
  add(kDelete, "me", kUser, "user.delete", delete_me, data);
}

}  // namespace oneclaw::api

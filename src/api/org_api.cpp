// /v1/org: members and invitations; /v1/invitations: the invited person's side.
#include <boost/json/array.hpp>

#include "api/json_body.h"
#include "api/reply.h"
#include "api/routes.h"
#include "api/wiping_json.h"
#include "service/organization.h"
#include "service/sign_in.h"

namespace oneclaw::api {

namespace json = boost::json;
using http::Request;
using service::Organization;

namespace {

json::object member_json(const store::MemberRow& member) {
  json::object body;
  body["id"] = member.user_id.to_string();
  body["email"] = member.email;
  body["display_name"] = member.display_name;
  body["role"] = member.role;
  body["auth_method"] = member.auth_method;
  body["created_at"] = to_rfc3339(member.joined_at);
  return body;
}

Reply members(Organization& org, Request& request) {
  CO_TRY(const auto rows, co_await org.members(request.caller));
  json::object answer;
  answer["members"] = list_of(rows, member_json);
  co_return json_reply(200, answer);
}

Reply change_role(Organization& org, Request& request) {
  CO_TRY(const Uuid user_id, request.path_uuid("user_id"));
  CO_TRY(JsonBody body, JsonBody::parse(request));
  std::string role = body.required_text("role", {.least = 1, .most = 16});
  CO_CHECK_OK(body.check());
  CO_TRY(const store::MemberRow member,
         co_await org.change_role(request.caller, user_id, std::move(role)));
  co_return json_reply(200, member_json(member));
}

Reply remove(Organization& org, Request& request) {
  CO_TRY(const Uuid user_id, request.path_uuid("user_id"));
  CO_CHECK_OK(co_await org.remove(request.caller, user_id));
  co_return empty_reply();
}

Reply invite(Organization& org, Request& request, bool mail_enabled) {
  CO_TRY(JsonBody body, JsonBody::parse(request));
  const std::string email = body.required_text("email", {.least = 1});
  const auto normal = service::normalize_email(email);
  if (body.has("email")) body.note(normal);
  std::string role = body.text("role", {.least = 1, .most = 16}).value_or("member");
  CO_CHECK_OK(body.check());
  CO_TRY(const service::CreatedInvitation created,
         co_await org.invite(request.caller, *normal, std::move(role)));
  json::object answer(wiping_storage());
  answer["message"] = mail_enabled ? "The invitation is on its way."
                                   : "No email is sent: hand invite_url to the person.";
  answer["email"] = created.invitation.email;
  answer["id"] = created.invitation.id.to_string();
  answer["role"] = created.invitation.role;
  answer["expires_at"] = to_rfc3339(created.invitation.expires_at);
  if (!mail_enabled) answer["invite_url"] = created.url.view();
  co_return secret_reply(200, answer);
}

json::object invitation_json(const store::InvitationRow& row) {
  json::object body;
  body["id"] = row.id.to_string();
  body["email"] = row.email;
  body["role"] = row.role;
  body["invited_by"] = row.invited_by.to_string();
  body["created_at"] = to_rfc3339(row.created_at);
  body["expires_at"] = to_rfc3339(row.expires_at);
  return body;
}

Reply invitations(Organization& org, Request& request) {
  CO_TRY(const auto rows, co_await org.invitations(request.caller));
  json::object answer;
  answer["invitations"] = list_of(rows, invitation_json);
  co_return json_reply(200, answer);
}

Reply revoke_invitation(Organization& org, Request& request) {
  CO_TRY(const Uuid id, request.path_uuid("invitation_id"));
  CO_CHECK_OK(co_await org.revoke_invitation(request.caller, id));
  co_return empty_reply();
}

Reply view_invitation(Organization& org, Request& request) {
  CO_TRY(const service::InvitationView view,
         co_await org.view_invitation(request.caller, SecureString(request.path_param("token"))));
  json::object answer;
  answer["org_name"] = view.org_name;
  answer["email"] = view.invitation.email;
  answer["role"] = view.invitation.role;
  answer["expires_at"] = to_rfc3339(view.invitation.expires_at);
  answer["message"] =
      "To accept: sign up with this address and invite_token, or, with an account, "
      "POST to this URL with /accept at its end.";
  co_return json_reply(200, answer);
}

Reply join(Organization& org, Request& request) {
  CO_TRY(const store::MemberRow member,
         co_await org.join(request.caller, SecureString(request.path_param("token"))));
  co_return json_reply(200, member_json(member));
}

Reply agent_keys_vault(Organization& org, Request& request) {
  CO_TRY(const Uuid id, co_await org.agent_keys_vault(request.caller));
  json::object answer;
  answer["vault_id"] = id.to_string();
  co_return json_reply(200, answer);
}

}  // namespace

void add_org_routes(http::Router& router, Organization& org, bool mail_enabled) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string pattern, std::string action,
                       std::string scope, http::Handler handler,
                       http::Access access = http::Access::kUser) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .access = access,
                .action = std::move(action),
                .scope = std::move(scope),
                .handler = std::move(handler)});
  };
  const auto bound = [&](Reply (*handler)(Organization&, Request&)) {
    return bind_handler(handler, org);
  };
  add(kGet, "/v1/org/members", "member.list", "org:read", bound(members));
  add(kPatch, "/v1/org/members/{user_id}", "member.update_role", "org:write", bound(change_role));
  add(kDelete, "/v1/org/members/{user_id}", "member.remove", "org:write", bound(remove));
  add(kPost, "/v1/org/invite", "member.invite", "org:write",
      [&org, mail_enabled](Request& request) { return invite(org, request, mail_enabled); });
  add(kGet, "/v1/org/invitations", "member.list_invitations", "org:read", bound(invitations));
  add(kDelete, "/v1/org/invitations/{invitation_id}", "member.revoke_invitation", "org:write",
      bound(revoke_invitation));
  add(kGet, "/v1/org/agent-keys-vault", "vault.read", "vaults:read", bound(agent_keys_vault));
  add(kGet, "/v1/invitations/{token}", "member.view_invitation", {}, bound(view_invitation),
      http::Access::kPublic);
  add(kPost, "/v1/invitations/{token}/accept", "member.join", "org:write", bound(join));
}

}  // namespace oneclaw::api

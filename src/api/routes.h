// The routes of each resource. Every service must outlive the router.
#pragma once

#include "http/router.h"

namespace oneclaw::crypto {
class Keyring;
}
namespace oneclaw::service {
class Account;
class AccountData;
class Agents;
class ApiKeys;
class Billing;
class Approvals;
class AuditLog;
class Cmek;
class EnvVars;
class IpRules;
class OrgEnvVars;
class DeviceLogin;
class Enrolments;
class Mfa;
class Organization;
class Bindings;
class Policies;
class Profile;
class Rotations;
class Secrets;
class Shares;
class SignIn;
class Tokens;
class Vaults;
class Webhooks;
}  // namespace oneclaw::service

namespace oneclaw::api {

void add_sign_in_routes(http::Router& router, service::SignIn& sign_in);
void add_token_key_routes(http::Router& router, service::Tokens& tokens);
void add_profile_routes(http::Router& router, service::Profile& profile);
void add_api_key_routes(http::Router& router, service::ApiKeys& keys);
void add_vault_routes(http::Router& router, service::Vaults& vaults);
void add_secret_routes(http::Router& router, service::Secrets& secrets);
void add_policy_routes(http::Router& router, service::Policies& policies);
void add_rotation_routes(http::Router& router, service::Rotations& rotations);
void add_cmek_routes(http::Router& router, service::Cmek& cmek);
void add_env_var_routes(http::Router& router, service::EnvVars& variables);
void add_org_env_var_routes(http::Router& router, service::OrgEnvVars& variables);
void add_agent_routes(http::Router& router, service::Agents& agents);
void add_mfa_routes(http::Router& router, service::Mfa& mfa);
void add_account_routes(http::Router& router, service::Account& account, service::AccountData& data,
                        service::Profile& profile);
void add_device_routes(http::Router& router, service::DeviceLogin& devices);
void add_enrolment_routes(http::Router& router, service::Enrolments& enrolments);
/// Outside /v1: what links in emails lead to.
void add_link_pages(http::Router& router, service::SignIn& sign_in, service::Account& account,
                    service::Enrolments& enrolments);
/// What the guest pages act by.
struct Guests {
  service::SignIn& sign_in;
  service::Mfa& mfa;
  service::Tokens& tokens;
  const service::IpRules& ip_rules;
  service::Organization& organization;
  service::Shares& shares;
};
/// The same for invitations and shares.
void add_guest_pages(http::Router& router, const Guests& services);
void add_approval_routes(http::Router& router, service::Approvals& approvals);
void add_pending_approval_routes(http::Router& router, service::Approvals& approvals,
                                 service::Secrets& secrets);
void add_binding_routes(http::Router& router, service::Bindings& bindings);
void add_audit_routes(http::Router& router, service::AuditLog& audit);
void add_billing_routes(http::Router& router, service::Billing& billing);
void add_security_routes(http::Router& router, service::IpRules& rules);
void add_docs_routes(http::Router& router);
void add_share_routes(http::Router& router, service::Shares& shares);
/// `mail_enabled`: whether an invitation goes by email, and not in the answer.
void add_org_routes(http::Router& router, service::Organization& org, bool mail_enabled);
void add_webhook_routes(http::Router& router, service::Webhooks& webhooks);
void add_health_routes(http::Router& router, crypto::Keyring& keyring);

}  // namespace oneclaw::api

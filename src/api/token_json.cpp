#include "api/token_json.h"

#include "api/wiping_json.h"

namespace oneclaw::api {

boost::json::object token_json(const service::IssuedToken& token) {
  boost::json::object body(wiping_storage());
  if (!token.mfa_token.empty()) {
    body["mfa_required"] = true;
    body["mfa_token"] = token.mfa_token.view();
    return body;
  }
  body["access_token"] = token.access_token.view();
  body["token_type"] = "Bearer";
  body["expires_in"] = token.expires_in.count();
  if (!token.refresh_token.empty()) body["refresh_token"] = token.refresh_token.view();
  if (token.agent_id) body["agent_id"] = token.agent_id->to_string();
  return body;
}

}  // namespace oneclaw::api

// The wire form of an issued token, which every way to sign in answers.
#pragma once

#include <boost/json/object.hpp>

#include "service/tokens.h"

namespace oneclaw::api {

/// In wiped memory. A token that waits for a second factor is `mfa_required` and `mfa_token`.
boost::json::object token_json(const service::IssuedToken& token);

}  // namespace oneclaw::api

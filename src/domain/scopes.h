// Token scopes: they narrow what a token can do, and never widen it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oneclaw::domain {

/// Checks scopes as a client gives them: at most 64, each `resource:verb` or `*`, where resource
/// is [a-z_]{1,32} or `*` and verb is one of read, write, delete, `*`. 400 "scopes[i]".
Result<void> validate_scopes(const std::vector<std::string>& scopes,
                             std::string_view field = "scopes");

/// Whether `granted` covers `needed` (such as "secrets:read"). Empty `granted` covers all.
/// `secret` and `secrets` are one resource (likewise every plural); `vaults:x` covers
/// `secrets:x`; `write` covers `delete`; `*` covers everything in its place.
bool scopes_cover(const std::vector<std::string>& granted, std::string_view needed);

}  // namespace oneclaw::domain

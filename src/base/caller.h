// Who is calling: the authenticated principal and the request it came with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw {

enum class PrincipalType : std::uint8_t { kNone, kUser, kAgent };

/// "user" or "agent" ("none" for a caller who has not authenticated).
std::string_view to_string(PrincipalType type);

enum class Role : std::uint8_t { kMember, kAdmin, kOwner, kAgent };
std::string_view to_string(Role role);

/// The subject of a verified token.
struct Principal {
  PrincipalType type = PrincipalType::kNone;
  Uuid id;
  Uuid org_id;
  Role role = Role::kMember;
  std::vector<std::string> scopes;  ///< empty: not narrowed
  std::vector<Uuid> vault_ids;      ///< empty: not narrowed
  Uuid token_id;                    ///< the JWT's `jti`
  std::optional<Uuid> session_id;   ///< the JWT's `sid`: the refresh family it came with
  TimePoint token_expires_at{};

  [[nodiscard]] bool is_user() const { return type == PrincipalType::kUser; }
  [[nodiscard]] bool is_agent() const { return type == PrincipalType::kAgent; }
  /// Owners and admins of an org reach all of it.
  [[nodiscard]] bool is_org_admin() const {
    return is_user() && (role == Role::kOwner || role == Role::kAdmin);
  }
  /// `user:<uuid>` or `agent:<uuid>`.
  [[nodiscard]] std::string subject() const;
};

/// One request as services see it.
struct Caller {
  Principal principal;
  IpAddress address;
  std::string request_id;
  /// Set once the request's audit event is durable (or part of a transaction that is).
  bool audited = false;
};

}  // namespace oneclaw

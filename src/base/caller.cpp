#include "base/caller.h"

namespace oneclaw {

std::string_view to_string(PrincipalType type) {
  switch (type) {
    case PrincipalType::kUser:
      return "user";
    case PrincipalType::kAgent:
      return "agent";
    case PrincipalType::kNone:
      break;
  }
  return "none";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kOwner:
      return "owner";
    case Role::kAdmin:
      return "admin";
    case Role::kAgent:
      return "agent";
    case Role::kMember:
      break;
  }
  return "member";
}

std::string Principal::subject() const {
  return std::string(to_string(type)) + ":" + id.to_string();
}

}  // namespace oneclaw

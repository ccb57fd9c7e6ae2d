// Orgs, the people in them, and their roles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

struct OrgRow {
  Uuid id{};
  std::string name{};
  TimePoint created_at{};
};

struct UserRow {
  Uuid id{};
  std::string email{};  ///< in lower case; unique
  std::string display_name{};
  std::optional<std::string> password_hash{};   ///< none for those who only come through Google
  std::string auth_method = "password";         ///< or "google"
  std::optional<std::string> google_subject{};  ///< unique
  bool email_verified = false;
  bool marketing_emails = false;
  bool totp_enabled = false;
  bool is_active = true;
  std::int64_t token_version = 1;  ///< a token of another version is dead
  Uuid home_org_id{};
  TimePoint created_at{};
};

struct MembershipRow {
  Uuid org_id{};
  Uuid user_id{};
  std::string role{};
  TimePoint created_at{};
};

/// Methods throw Error.
class UserRepository {
 public:
  explicit UserRepository(Transaction& transaction)
      : transaction_(transaction), connection_(transaction.connection()) {}

  void insert_org(const OrgRow& org);
  std::optional<OrgRow> find_org(const Uuid& id);
  /// Kind::kUnique when the e-mail address or the Google subject is taken.
  void insert(const UserRow& user);
  void insert_membership(const MembershipRow& membership);

  std::optional<UserRow> find(const Uuid& id);
  /// `email` in lower case.
  std::optional<UserRow> find_by_email(std::string_view email);
  std::optional<UserRow> find_by_google_subject(std::string_view subject);
  std::optional<std::string> role(const Uuid& org_id, const Uuid& user_id);
  /// The orgs that a person is in, and the people of an org; the longest there first.
  std::vector<MembershipRow> memberships_of(const Uuid& user_id);
  std::vector<MembershipRow> members(const Uuid& org_id);
  /// Those of the org who have that role, the longest there first.
  std::vector<Uuid> members_of_role(const Uuid& org_id, std::string_view role);

  /// Changes what is given. False when there is no such user, here and below.
  bool update_profile(const Uuid& id, const std::optional<std::string>& display_name,
                      const std::optional<bool>& marketing_emails);
  bool set_totp_enabled(const Uuid& id, bool enabled);
  /// A proven address. Kind::kUnique when it is taken.
  bool set_email(const Uuid& id, std::string_view email);
  /// Ends the user's live tokens.
  bool bump_token_version(const Uuid& id);
  /// Also ends the user's live tokens; gives the new token version.
  std::optional<std::int64_t> set_password(const Uuid& id, std::string_view hash);
  /// The same password, hashed anew: tokens live on.
  bool set_password_hash(const Uuid& id, std::string_view hash);
  bool link_google(const Uuid& id, std::string_view subject);

 private:
  Transaction& transaction_;
  Connection& connection_;
};

}  // namespace oneclaw::store

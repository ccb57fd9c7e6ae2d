// The people of an org: the table of memberships, with what of their accounts hangs on it.
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

struct MemberRow {
  Uuid user_id{};
  std::string email{};
  std::string display_name{};
  std::string role{};
  std::string auth_method{};
  TimePoint joined_at{};
};

/// Methods throw Error.
class MemberRepository {
 public:
  explicit MemberRepository(Transaction& transaction) : transaction_(transaction) {}

  /// In the order in which they joined.
  std::vector<MemberRow> list(const Uuid& org_id);
  std::optional<MemberRow> find(const Uuid& org_id, const Uuid& user_id);
  std::int64_t count(const Uuid& org_id);
  std::int64_t count_owners(const Uuid& org_id);
  void set_role(const Uuid& org_id, const Uuid& user_id, std::string_view role);
  /// Moves the person: the membership of `from` becomes one of `to`, which is home from now on.
  /// Every token and personal key of before is dead.
  void move(const Uuid& user_id, const Uuid& from, const Uuid& to, std::string_view role,
            TimePoint at);

 private:
  Transaction& transaction_;
};

}  // namespace oneclaw::store

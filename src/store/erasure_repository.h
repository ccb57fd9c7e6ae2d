// Erasing what is a person's alone. Rows that others point to stay, emptied of all they said.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "base/uuid.h"
#include "store/store.h"

namespace oneclaw::store {

/// Methods throw Error.
class ErasureRepository {
 public:
  explicit ErasureRepository(Transaction& transaction) : transaction_(transaction) {}

  /// Every vault (with its KEKs, so that nothing sealed under them opens again), secret, policy,
  /// agent and approval of an org, and its name. The audit chain stays.
  void erase_org(const Uuid& org_id, TimePoint at);
  /// Sign-ins, keys, second factor, memberships, policies and shares of a person; their address is
  /// free again.
  void erase_user(const Uuid& user_id);

 private:
  Transaction& transaction_;
};

}  // namespace oneclaw::store

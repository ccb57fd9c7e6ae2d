#include "service/verified_address.h"

#include "store/one_time_token_repository.h"

namespace oneclaw::service {

void address_verified(store::Transaction& transaction, const store::UserRow& user) {
  // Other sign-ups of the address lose: their links must not make a second account.
  store::PendingSignupRepository(transaction).remove_for_email(user.email);
}

}  // namespace oneclaw::service

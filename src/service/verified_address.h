// What follows when an address is proven to be a person's.
#pragma once

#include "store/store.h"
#include "store/user_repository.h"

namespace oneclaw::service {

/// Runs in the write transaction in which `user` comes to have a proven address: at sign-up (by
/// the link of its email, through Google, or at its word when there is no mail server) and when
/// the address is changed. What waits for that address is to be handed over here.
void address_verified(store::Transaction& transaction, const store::UserRow& user);

}  // namespace oneclaw::service

#include "service/signing_keys.h"

#include <algorithm>
#include <utility>

namespace oneclaw::service {

Result<void> SigningKeys::load(const std::vector<store::SigningKeyRow>& rows,
                               crypto::Keyring& keyring, TimePoint at) {
  const store::SigningKeyRow* newest = nullptr;
  for (const store::SigningKeyRow& row : rows) {
    const bool signs = row.created_at <= at && (!row.retired_at || *row.retired_at > at);
    if (signs && (newest == nullptr || row.created_at > newest->created_at)) newest = &row;
  }
  if (newest == nullptr) return problems::internal("There is no active signing key.");
  std::vector<crypto::TokenVerifier::PublicKey> verifying{{newest->kid, newest->public_key}};
  for (const store::SigningKeyRow& row : rows) {
    if (&row == newest || (row.retired_at && *row.retired_at + kOverlap <= at)) continue;
    verifying.push_back({row.kid, row.public_key});
  }
  const auto same = [](const auto& a, const auto& b) { return a.kid == b.kid; };
  if (const auto now_held = current();
      now_held && std::ranges::equal(now_held->verifying, verifying, same)) {
    return {};
  }
  TRY(auto signer, keyring.open_signing_key({.kid = newest->kid,
                                             .public_key = newest->public_key,
                                             .root_key_id = newest->root_key_id,
                                             .blob = newest->wrapped}));
  crypto::TokenVerifier verifier(verifying, issuer_);
  current_.store(std::make_shared<const Set>(
      Set{std::move(signer), std::move(verifying), std::move(verifier)}));
  return {};
}

}  // namespace oneclaw::service

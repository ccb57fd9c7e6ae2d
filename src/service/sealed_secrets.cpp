#include "service/sealed_secrets.h"

#include <utility>

namespace oneclaw::service {

namespace {

/// Beyond its own size: the texts, the blobs, and the blocks they are in.
std::size_t bytes_of(const SealedSecret& secret) {
  constexpr std::size_t kBlocks = 96;
  return sizeof(SealedSecret) + kBlocks + 2 * secret.secret.path.size() +
         secret.version.metadata.size() + secret.sealed.wrapped_dek.size() +
         secret.sealed.ciphertext.size();
}

}  // namespace

std::shared_ptr<const SealedSecret> SealedSecrets::find(const Uuid& vault_id,
                                                        std::string_view path) {
  auto found = secrets_.find(KeyView{vault_id, path});
  if (found && !clock_.unchanged_since(found->mark, store::Topic::kSecret, found->secret.id)) {
    return nullptr;
  }
  return found;
}

void SealedSecrets::keep(std::shared_ptr<const SealedSecret> secret) {
  if (secret->version.max_access_count) return;
  const std::size_t bytes = bytes_of(*secret);
  Key key{secret->secret.vault_id, secret->secret.path};
  secrets_.put(std::move(key), std::move(secret), bytes);
}

}  // namespace oneclaw::service

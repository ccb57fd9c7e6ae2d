// Current versions of secrets, kept as they are stored: sealed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bounded_cache.h"
#include "base/uuid.h"
#include "crypto/envelope.h"
#include "store/secret_repository.h"
#include "store/store.h"

namespace oneclaw::service {

/// A version as it was at `mark` or later. Shared and never changed.
struct SealedSecret {
  store::SecretRow secret;
  store::VersionRow version;  ///< without the two blobs, which are in `sealed`
  crypto::SealedVersion sealed;
  store::ChangeClock::Mark mark = 0;
};

/// Never gives a version older than the last write that has been answered. Thread-safe.
class SealedSecrets {
 public:
  SealedSecrets(const store::ChangeClock& clock, std::size_t most_bytes)
      : clock_(clock), secrets_(most_bytes) {}

  /// The current version; null when it isn't in memory.
  std::shared_ptr<const SealedSecret> find(const Uuid& vault_id, std::string_view path);
  /// Keeps a current version that a read found. One whose accesses are counted isn't kept: what it
  /// says of them would be old at once.
  void keep(std::shared_ptr<const SealedSecret> secret);

 private:
  struct Key {
    Uuid vault_id;
    std::string path;
  };
  struct KeyView {
    const Uuid& vault_id;
    std::string_view path;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const KeyView& key) const noexcept {
      return std::hash<Uuid>{}(key.vault_id) ^ std::hash<std::string_view>{}(key.path);
    }
    std::size_t operator()(const Key& key) const noexcept {
      return (*this)(KeyView{key.vault_id, key.path});
    }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.vault_id == b.vault_id && std::string_view(a.path) == std::string_view(b.path);
    }
  };

  const store::ChangeClock& clock_;
  BoundedCache<Key, SealedSecret, Hash, Equal> secrets_;
};

}  // namespace oneclaw::service

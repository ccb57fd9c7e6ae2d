// The keyring in a file: in clear, under a passphrase, or under k of n shares.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "crypto/keyring.h"
#include "crypto/keyring_file.h"
#include "crypto/root_key_file.h"
#include "crypto/shamir.h"

namespace oneclaw::crypto {

class FileKeyring final : public Keyring {
 public:
  /// `locked` is nullopt for a file in clear, whose `keys` are given.
  FileKeyring(std::filesystem::path file, std::optional<LockedKeyring> locked,
              std::optional<RootKeys> keys);
  /// There is no file yet; init() makes it, protected by `wanted`.
  FileKeyring(std::filesystem::path file, UnsealWith wanted);

  Result<WrappedKey> wrap(ByteView key, ByteView aad) override;
  Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) override;
  KeyringStatus status() const override;
  Result<std::string> rotate() override;
  Result<void> forget(std::string_view root_key_id) override;
  Result<ProtectionOutcome> init(const Protection& protection) override;
  Result<bool> unseal(std::string_view input) override;
  void seal() override;
  Result<ProtectionOutcome> rekey(const Protection& protection, std::string_view proof) override;
  std::optional<std::string> portable_file() const override;

 private:
  using Keys = std::shared_ptr<const RootKeys>;

  /// The shares that were entered so far, of one set, each once.
  class Collector {
   public:
    Result<void> add(const LockedKeyring& locked, std::string_view text);
    [[nodiscard]] bool complete(const LockedKeyring& locked) const;
    [[nodiscard]] Result<Key256> join() const { return interpolate(points_); }
    [[nodiscard]] int size() const { return static_cast<int>(points_.size()); }
    void clear() { points_.clear(); }

   private:
    std::vector<SharePoint> points_;
  };

  [[nodiscard]] Keys keys() const;
  /// The lock key, once `input` completes it; nullopt while shares are missing.
  Result<std::optional<Key256>> lock_key_from(std::string_view input, Collector& collector) const;
  /// Writes the file with `keys` under `protection`.
  Result<ProtectionOutcome> protect(const Protection& protection, const RootKeys& keys,
                                    bool replace);
  Result<void> store(const RootKeys& keys);

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::mutex slow_mutex_;  ///< one unseal(), rekey() or rotate() at a time; Argon2 runs under it
  UnsealWith unseal_with_;
  std::optional<LockedKeyring> locked_;
  Keys keys_;
  std::optional<Key256> lock_key_;  ///< while unsealed, so that rotate() can write the file
  Collector unseal_shares_;
  Collector rekey_shares_;
};

}  // namespace oneclaw::crypto

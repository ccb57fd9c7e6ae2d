#include "crypto/file_keyring.h"

#include <algorithm>

#include "crypto/aead.h"

namespace oneclaw::crypto {
namespace {

constexpr std::size_t kLeastPassphrase = 8;
constexpr std::size_t kMostPassphrase = 1024;

const RootKey* find(const RootKeys& keys, std::string_view id) {
  const auto found = std::ranges::find(keys.keys, id, &RootKey::id);
  return found == keys.keys.end() ? nullptr : &*found;
}

RootKeys copy_of(const RootKeys& keys) {
  RootKeys copy{.active = keys.active, .keys = {}};
  for (const RootKey& key : keys.keys) copy.keys.push_back({key.id, Key256(key.key.view())});
  return copy;
}

}  // namespace

FileKeyring::FileKeyring(std::filesystem::path file, std::optional<LockedKeyring> locked,
                         std::optional<RootKeys> keys)
    : file_(std::move(file)),
      unseal_with_(locked ? locked->unseal_with : UnsealWith::kNothing),
      locked_(std::move(locked)),
      keys_(keys ? std::make_shared<const RootKeys>(std::move(*keys)) : nullptr) {}

FileKeyring::FileKeyring(std::filesystem::path file, UnsealWith wanted)
    : file_(std::move(file)), unseal_with_(wanted) {}

FileKeyring::Keys FileKeyring::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

Result<WrappedKey> FileKeyring::wrap(ByteView key, ByteView aad) {
  const Keys keys = this->keys();
  if (!keys) return sealed_problem();
  const RootKey* const root = find(*keys, keys->active);
  if (!root) return problems::internal();
  TRY(Bytes blob, crypto::seal(root->key, key, root_aad(root->id, aad)));
  return WrappedKey{.root_key_id = root->id, .blob = std::move(blob)};
}

Result<SecureBytes> FileKeyring::unwrap(const WrappedKey& wrapped, ByteView aad) {
  const Keys keys = this->keys();
  if (!keys) return sealed_problem();
  const RootKey* const root = find(*keys, wrapped.root_key_id);
  if (!root) {
    return problems::unavailable("The root key that this data needs is not in the keyring.");
  }
  return open(root->key, wrapped.blob, root_aad(root->id, aad));
}

KeyringStatus FileKeyring::status() const {
  const std::lock_guard guard(mutex_);
  KeyringStatus status;
  status.unseal_with = unseal_with_;
  status.provider = unseal_with_ == UnsealWith::kShares ? "shamir" : "file";
  if (unseal_with_ == UnsealWith::kNothing) {
    status.detail =
        "Root keys are kept unencrypted in a file on this machine: they protect a stolen database "
        "or a backup of it alone, not a stolen data folder, and not against someone who can read "
        "that file.";
  } else if (unseal_with_ == UnsealWith::kPassphrase) {
    status.detail =
        "Root keys are kept in a file encrypted under a passphrase: a stolen data folder is as "
        "safe as the passphrase is strong.";
  } else {
    status.detail =
        "Root keys are kept in a file encrypted under a key that was split into shares: a stolen "
        "data folder opens to nobody who holds fewer of them than the threshold.";
  }
  if (locked_) {
    status.threshold = locked_->threshold;
    status.shares = locked_->count;
  }
  status.entered = unseal_shares_.size();
  status.entered_rekey = rekey_shares_.size();
  if (keys_) {
    status.state = KeyringState::kReady;
    status.active_root_key_id = keys_->active;
    for (const RootKey& key : keys_->keys) status.root_key_ids.push_back(key.id);
  } else {
    status.state = locked_ || unseal_with_ == UnsealWith::kNothing ? KeyringState::kSealed
                                                                   : KeyringState::kUninitialized;
  }
  status.ready = status.state == KeyringState::kReady;
  return status;
}

Result<void> FileKeyring::store(const RootKeys& keys) {
  if (!locked_) return replace_private_file(file_, to_json(keys).view());
  LockedKeyring locked = *locked_;
  CHECK_OK(crypto::lock(locked, *lock_key_, keys));
  CHECK_OK(replace_private_file(file_, to_json(locked)));
  const std::lock_guard guard(mutex_);
  locked_ = std::move(locked);
  return {};
}

Result<std::string> FileKeyring::rotate() {
  const std::lock_guard slow(slow_mutex_);
  const Keys keys = this->keys();
  if (!keys) return sealed_problem();
  RootKeys next = copy_of(*keys);
  RootKeys made = make_root_keys();
  next.active = made.active;
  next.keys.push_back(std::move(made.keys.front()));
  CHECK_OK(store(next));
  const std::lock_guard guard(mutex_);
  keys_ = std::make_shared<const RootKeys>(std::move(next));
  return keys_->active;
}

Result<void> FileKeyring::forget(std::string_view root_key_id) {
  const std::lock_guard slow(slow_mutex_);
  const Keys keys = this->keys();
  if (!keys) return sealed_problem();
  if (root_key_id == keys->active) return problems::conflict("That is the active root key.");
  if (!find(*keys, root_key_id)) return problems::not_found("The keyring has no such root key.");
  RootKeys next = copy_of(*keys);
  std::erase_if(next.keys, [&](const RootKey& key) { return key.id == root_key_id; });
  CHECK_OK(store(next));
  const std::lock_guard guard(mutex_);
  keys_ = std::make_shared<const RootKeys>(std::move(next));
  return {};
}

Result<void> FileKeyring::Collector::add(const LockedKeyring& locked, std::string_view text) {
  TRY(Share share, share_from_text(text));
  if (share.set != locked.set) {
    return problems::validation("share", "is of another set than this keyring's");
  }
  for (const SharePoint& point : points_) {
    if (point.x == share.point.x) return problems::validation("share", "was given already");
  }
  points_.push_back(std::move(share.point));
  return {};
}

bool FileKeyring::Collector::complete(const LockedKeyring& locked) const {
  return size() >= locked.threshold;
}

Result<std::optional<Key256>> FileKeyring::lock_key_from(std::string_view input,
                                                         Collector& collector) const {
  if (locked_->unseal_with == UnsealWith::kPassphrase) {
    TRY(Key256 key, derive_lock_key(*locked_, input));
    return std::optional(std::move(key));
  }
  const std::lock_guard guard(mutex_);  // status() counts the shares
  CHECK_OK(collector.add(*locked_, input));
  if (!collector.complete(*locked_)) return std::optional<Key256>();
  TRY(Key256 key, collector.join());
  collector.clear();
  return std::optional(std::move(key));
}

Result<bool> FileKeyring::unseal(std::string_view input) {
  const std::lock_guard slow(slow_mutex_);
  if (keys()) return problems::conflict("The keyring is unsealed already.");
  if (!locked_) {
    if (unseal_with_ != UnsealWith::kNothing) {
      return problems::conflict("The keyring has no root key yet: operator init makes it.");
    }
    TRY(const std::optional<SecureString> text, read_private_file(file_));
    auto keys = text ? root_keys_from_json(text->view()) : std::nullopt;
    if (!keys) return problems::internal("The keyring file is gone or damaged.");
    const std::lock_guard guard(mutex_);
    keys_ = std::make_shared<const RootKeys>(std::move(*keys));
    return true;
  }
  TRY(std::optional<Key256> lock_key, lock_key_from(input, unseal_shares_));
  if (!lock_key) return false;
  TRY(RootKeys keys, unlock(*locked_, *lock_key));
  const std::lock_guard guard(mutex_);
  keys_ = std::make_shared<const RootKeys>(std::move(keys));
  lock_key_ = std::move(lock_key);
  return true;
}

void FileKeyring::seal() {
  const std::lock_guard slow(slow_mutex_);
  const std::lock_guard guard(mutex_);
  keys_.reset();
  lock_key_.reset();
  unseal_shares_.clear();
  rekey_shares_.clear();
}

Result<ProtectionOutcome> FileKeyring::protect(const Protection& protection, const RootKeys& keys,
                                               bool replace) {
  ProtectionOutcome outcome{.done = true, .shares = {}};
  LockedKeyring locked;
  Key256 lock_key;
  if (protection.shares > 0) {
    lock_key = Key256::random();
    TRY(std::vector<SharePoint> points,
        split_key(lock_key, protection.threshold, protection.shares));
    locked = new_shares_lock(protection.threshold, protection.shares);
    for (SharePoint& point : points) {
      const Share share{.set = locked.set,
                        .threshold = static_cast<std::uint8_t>(protection.threshold),
                        .point = std::move(point)};
      outcome.shares.push_back(to_text(share));
    }
  } else {
    const std::size_t size = protection.passphrase.size();
    if (size < kLeastPassphrase || size > kMostPassphrase) {
      return problems::validation("passphrase", "must have from 8 to 1024 bytes");
    }
    locked = new_passphrase_lock();
    TRY(lock_key, derive_lock_key(locked, protection.passphrase.view()));
  }
  CHECK_OK(crypto::lock(locked, lock_key, keys));
  if (replace) {
    CHECK_OK(replace_private_file(file_, to_json(locked)));
  } else {
    TRY(const bool made, create_private_file(file_, to_json(locked)));
    if (!made) return problems::conflict("There is a keyring file already.");
  }
  const std::lock_guard guard(mutex_);
  unseal_with_ = locked.unseal_with;
  locked_ = std::move(locked);
  if (keys_) lock_key_ = std::move(lock_key);
  return outcome;
}

Result<ProtectionOutcome> FileKeyring::init(const Protection& protection) {
  const std::lock_guard slow(slow_mutex_);
  if (status().state != KeyringState::kUninitialized) {
    return problems::conflict("This keyring has its root key already.");
  }
  if (unseal_with_ == UnsealWith::kShares && protection.shares == 0) {
    return problems::validation("shares", "must be from 1 to 64 for this keyring");
  }
  if (unseal_with_ == UnsealWith::kPassphrase && protection.shares != 0) {
    return problems::validation("shares", "can't be had: this keyring takes a passphrase");
  }
  return protect(protection, make_root_keys(), false);
}

Result<ProtectionOutcome> FileKeyring::rekey(const Protection& protection, std::string_view proof) {
  const std::lock_guard slow(slow_mutex_);
  const Keys keys = this->keys();
  if (!keys) return sealed_problem();
  if (locked_) {
    // Whoever reaches the operator's socket alone must not get new shares.
    TRY(const std::optional<Key256> lock_key, lock_key_from(proof, rekey_shares_));
    if (!lock_key) return ProtectionOutcome{};
    auto opened = unlock(*locked_, *lock_key);
    if (!opened.ok()) return std::move(opened).problem();
  }
  return protect(protection, *keys, true);
}

std::optional<std::string> FileKeyring::portable_file() const {
  const std::lock_guard guard(mutex_);
  if (!locked_) return std::nullopt;
  return to_json(*locked_);
}

Result<std::unique_ptr<Keyring>> open_file_keyring(const std::filesystem::path& file, bool create) {
  TRY(std::optional<SecureString> text, read_private_file(file));
  if (!text && create) {
    CHECK_OK(create_private_file(file, to_json(make_root_keys()).view()));
    // What counts is what the file holds, for another process may have been first.
    TRY(text, read_private_file(file));
  }
  if (!text) {
    return problems::internal("There is no keyring file " + file.string() + ".");
  }
  std::optional<LockedKeyring> locked;
  std::optional<RootKeys> keys;
  if (is_locked_keyring(text->view())) {
    locked = locked_keyring_from_json(text->view());
  } else {
    keys = root_keys_from_json(text->view());
  }
  if (!locked && !keys) {
    return problems::internal("The keyring file " + file.string() +
                              " is damaged or not a keyring.");
  }
  return std::unique_ptr<Keyring>(
      std::make_unique<FileKeyring>(file, std::move(locked), std::move(keys)));
}

}  // namespace oneclaw::crypto

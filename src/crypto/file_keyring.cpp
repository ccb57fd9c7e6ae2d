#include <algorithm>

#include "crypto/aad_writer.h"
#include "crypto/aead.h"
#include "crypto/keyring.h"
#include "crypto/root_key_file.h"

namespace oneclaw::crypto {
namespace {

Bytes root_aad(std::string_view root_key_id, ByteView aad) {
  Bytes out;
  AadWriter(out, "oneclaw/root/1").text(root_key_id).bytes(aad);
  return out;
}

// Immutable once made, and so thread-safe.
class FileKeyring final : public Keyring {
 public:
  explicit FileKeyring(RootKeys keys) : keys_(std::move(keys)) {}

  Result<WrappedKey> wrap(ByteView key, ByteView aad) override {
    const RootKey* const root = find(keys_.active);
    if (!root) return problems::internal();
    TRY(Bytes blob, seal(root->key, key, root_aad(root->id, aad)));
    return WrappedKey{.root_key_id = root->id, .blob = std::move(blob)};
  }

  Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) override {
    const RootKey* const root = find(wrapped.root_key_id);
    if (!root) {
      return problems::unavailable("The root key that this data needs is not in the keyring.");
    }
    return open(root->key, wrapped.blob, root_aad(root->id, aad));
  }

  KeyringStatus status() const override {
    return {.provider = "file",
            .ready = true,
            .active_root_key_id = keys_.active,
            .detail =
                "Root keys are kept in a file on this machine: they protect a stolen database or "
                "backup, not against someone who can also read that file."};
  }

 private:
  [[nodiscard]] const RootKey* find(std::string_view id) const {
    const auto found = std::ranges::find(keys_.keys, id, &RootKey::id);
    return found == keys_.keys.end() ? nullptr : &*found;
  }

  RootKeys keys_;
};

}  // namespace

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
  std::optional<RootKeys> keys = root_keys_from_json(text->view());
  if (!keys) {
    return problems::internal("The keyring file " + file.string() +
                              " is damaged or not a keyring.");
  }
  return std::unique_ptr<Keyring>(std::make_unique<FileKeyring>(std::move(*keys)));
}

}  // namespace oneclaw::crypto

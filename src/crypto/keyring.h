// Keyring: who holds the root key, and what it wraps.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

/// A key wrapped by a root key. Fit to be stored beside what it protects.
struct WrappedKey {
  std::string root_key_id;  ///< which root key opens it
  Bytes blob;
};

struct KeyringStatus {
  std::string provider;  ///< "file"
  bool ready = false;
  std::string active_root_key_id;
  std::string detail;  ///< a plain sentence on what this provider protects against
};

/// The holder of root keys. Implementations are thread-safe.
class Keyring {
 public:
  virtual ~Keyring() = default;

  /// Wraps `key` (AES-256-GCM under the active root key); `aad` must be given again to unwrap.
  virtual Result<WrappedKey> wrap(ByteView key, ByteView aad) = 0;
  /// 500 "decryption-failed" for a wrong AAD or blob, 503 when the root key isn't at hand.
  virtual Result<SecureBytes> unwrap(const WrappedKey& wrapped, ByteView aad) = 0;
  virtual KeyringStatus status() const = 0;
};

/// The `file:` provider: root keys in one 0600 JSON file. Makes the file with a fresh root key
/// when `create` is set and there is none; written to a temporary file, fsynced and renamed.
/// Refuses (500) a file that others may read, is malformed, or is absent when !create.
Result<std::unique_ptr<Keyring>> open_file_keyring(const std::filesystem::path& file, bool create);

}  // namespace oneclaw::crypto

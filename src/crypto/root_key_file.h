// The file of the `file:` keyring: its JSON form, and how it is read and made safely.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

struct RootKey {
  std::string id;
  Key256 key;
};

struct RootKeys {
  std::string active;  ///< the id of the one that wraps
  std::vector<RootKey> keys;
};

/// One fresh root key.
RootKeys make_root_keys();

SecureString to_json(const RootKeys& keys);
/// nullopt unless `text` is what to_json() makes, with unique ids and an active one among them.
std::optional<RootKeys> root_keys_from_json(std::string_view text);

/// nullopt when there is no such file. 500 unless it is a regular file that its owner alone may
/// reach (unless `any_mode`) and of at most 64 KiB.
Result<std::optional<SecureString>> read_private_file(const std::filesystem::path& file,
                                                      bool any_mode = false);

/// Makes `file` (0600) whole and durable or not at all, and never replaces one that is there:
/// false when another process was first.
Result<bool> create_private_file(const std::filesystem::path& file, std::string_view text);

/// Writes `file` (0600) anew, whole and durable, in the place of the one that is there.
Result<void> replace_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace oneclaw::crypto

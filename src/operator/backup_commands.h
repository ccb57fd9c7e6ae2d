// `oneclaw operator backup | restore | verify`.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace oneclaw::operators {

/// Streams a backup of the running server to a new file (0600), or to standard output for "-". A
/// file that is not whole is removed.
Result<void> backup(const std::filesystem::path& folder, const std::string& file);

/// Restores to a folder that is empty, or has its keyring alone. Asks for what unseals a keyring
/// that came with the backup. 409 for a folder with anything else in it.
Result<void> restore(const std::filesystem::path& folder, const std::string& file,
                     const std::string& keyring_uri);

/// Prints what a backup holds. 400 when it is damaged.
Result<void> verify(const std::string& file);

}  // namespace oneclaw::operators

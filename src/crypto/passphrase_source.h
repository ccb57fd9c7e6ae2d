// Where a passphrase or PIN comes from when no one is there to type it.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::crypto {

/// A file of 1 to 64 KiB that no other user may reach (files of systemd's credentials folder,
/// whose modes systemd answers for, excepted); line ends at its end are cut off. 500 otherwise.
Result<SecureString> read_passphrase_file(const std::filesystem::path& file);

/// The file of a credential that the systemd unit loads (LoadCredential=, systemd.exec(5)).
/// 400 "keyring" when it can't be one.
Result<std::filesystem::path> systemd_credential(std::string_view name);

}  // namespace oneclaw::crypto

#include "crypto/passphrase_source.h"

#include <cstdlib>
#include <string>

#include "crypto/root_key_file.h"

namespace oneclaw::crypto {
namespace {

bool is_credential(const std::filesystem::path& file) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && *folder != '\0' && file.parent_path() == folder;
}

}  // namespace

Result<SecureString> read_passphrase_file(const std::filesystem::path& file) {
  TRY(const std::optional<SecureString> text, read_private_file(file, is_credential(file)));
  if (!text) return problems::internal("There is no passphrase file " + file.string() + ".");
  std::string_view view = text->view();
  while (!view.empty() && (view.back() == '\n' || view.back() == '\r')) view.remove_suffix(1);
  if (view.empty()) {
    return problems::internal("The passphrase file " + file.string() + " is empty.");
  }
  return SecureString(view);
}

Result<std::filesystem::path> systemd_credential(std::string_view name) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (name.empty() || name.find('/') != std::string_view::npos || name.front() == '.') {
    return problems::validation("keyring", "names no systemd credential");
  }
  if (folder == nullptr || *folder == '\0') {
    return problems::validation("keyring",
                                "names a systemd credential, but CREDENTIALS_DIRECTORY isn't set: "
                                "the unit needs LoadCredential=");
  }
  return std::filesystem::path(folder) / name;
}

}  // namespace oneclaw::crypto

// Which keyring a URI means, and where its passphrase comes from.
#include "crypto/file_keyring.h"
#include "crypto/keyring.h"
#include "crypto/passphrase_source.h"
#include "crypto/pkcs11_keyring.h"

namespace oneclaw::crypto {
namespace {

namespace fs = std::filesystem;

Problem bad_uri(std::string message) {
  return problems::validation("keyring", std::move(message));
}

/// What follows the `?` of a file: or shamir: URI.
struct PassphraseSource {
  fs::path file;        ///< empty: there is none
  bool wanted = false;  ///< passphrase=prompt, or one of the others
};

Result<PassphraseSource> parse_source(std::string_view query) {
  PassphraseSource source;
  if (query.empty()) return source;
  const std::size_t equals = query.find('=');
  const std::string_view key = query.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : query.substr(equals + 1);
  source.wanted = true;
  if (key == "passphrase" && value == "prompt") return source;
  if (key == "passphrase-file" && !value.empty()) {
    source.file = value;
    return source;
  }
  if (key == "passphrase-credential") {
    TRY(source.file, systemd_credential(value));
    return source;
  }
  return bad_uri(
      "may have one of ?passphrase=prompt, ?passphrase-file=FILE and "
      "?passphrase-credential=NAME");
}

Result<std::unique_ptr<Keyring>> open_file_uri(std::string_view rest, bool shamir,
                                               const KeyringOptions& options) {
  const std::size_t mark = rest.find('?');
  const std::string_view path = rest.substr(0, mark);
  const fs::path file = path.empty() ? options.folder / "keyring.json" : fs::path(path);
  TRY(const PassphraseSource source,
      parse_source(mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1)));
  if (shamir && source.wanted) return bad_uri("has no passphrase when it is shamir:");

  std::error_code error;
  const bool locked = shamir || source.wanted;
  std::unique_ptr<Keyring> keyring;
  if (locked && !fs::exists(file, error)) {
    if (!options.create) {
      return problems::internal("There is no keyring file " + file.string() + ".");
    }
    keyring =
        std::make_unique<FileKeyring>(file, shamir ? UnsealWith::kShares : UnsealWith::kPassphrase);
    if (!source.file.empty()) {
      Protection protection;
      TRY(protection.passphrase, read_passphrase_file(source.file));
      CHECK_OK(keyring->init(protection));
    }
  } else {
    TRY(keyring, open_file_keyring(file, options.create));
  }
  const UnsealWith with = keyring->status().unseal_with;
  if (shamir && with != UnsealWith::kShares) {
    return problems::internal(
        "The keyring file isn't split into shares: start with keyring file:, "
        "then use `oneclaw operator rekey --shares N --threshold K`.");
  }
  if (source.wanted && with != UnsealWith::kPassphrase) {
    return problems::internal(
        "The keyring file isn't protected by a passphrase: start with "
        "keyring file:, then use `oneclaw operator rekey`.");
  }
  if (!source.file.empty() && keyring->status().state == KeyringState::kSealed) {
    TRY(const SecureString passphrase, read_passphrase_file(source.file));
    const auto opened = keyring->unseal(passphrase.view());
    if (!opened.ok()) {
      return problems::internal("The passphrase in " + source.file.string() +
                                " doesn't open the keyring.");
    }
  }
  return keyring;
}

}  // namespace

Result<std::unique_ptr<Keyring>> open_keyring(const KeyringOptions& options) {
  const std::string_view uri = options.uri;
  for (const std::string_view scheme : {"file:", "shamir:"}) {
    if (uri.starts_with(scheme)) {
      if (options.sign_in_token) return bad_uri("must be pkcs11: for JWT keys in the token");
      return open_file_uri(uri.substr(scheme.size()), scheme == "shamir:", options);
    }
  }
  if (uri.starts_with("pkcs11:")) return open_pkcs11_keyring(options);
  return bad_uri("must start with file:, shamir: or pkcs11:");
}

}  // namespace oneclaw::crypto

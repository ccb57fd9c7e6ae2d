#include "operator/backup_commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <memory>
#include <system_error>

#include "crypto/keyring.h"
#include "crypto/root_key_file.h"
#include "operator/client.h"
#include "operator/prompt.h"
#include "service/backup.h"

namespace oneclaw::operators {

namespace fs = std::filesystem;

namespace {

Problem write_failed(const std::string& file) {
  return problems::internal(file + " can't be written: " + std::generic_category().message(errno) +
                            ".");
}

Result<void> write_all(int descriptor, const std::string& file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return write_failed(file);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

/// Nothing but a keyring (and an unfinished restore).
Result<void> check_empty(const fs::path& folder, const fs::path& keyring_file) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    if (name != keyring_file && name != "oneclaw.db.restoring") {
      return problems::conflict("The data folder isn't empty: " + name.string() + " is in it.");
    }
  }
  return {};
}

Result<void> unseal(crypto::Keyring& keyring) {
  for (;;) {
    const crypto::KeyringStatus status = keyring.status();
    if (status.state == crypto::KeyringState::kReady) return {};
    const std::string question = status.unseal_with == crypto::UnsealWith::kShares
                                     ? "Share " + std::to_string(status.entered + 1) + " of " +
                                           std::to_string(status.threshold)
                                 : status.unseal_with == crypto::UnsealWith::kPin ? "PIN"
                                                                                  : "Passphrase";
    TRY(const SecureString input, ask_hidden(question));
    auto unsealed = keyring.unseal(input.view());
    if (!unsealed.ok()) return std::move(unsealed).problem();
  }
}

}  // namespace

Result<void> backup(const fs::path& folder, const std::string& file) {
  const Client client(folder);
  if (file == "-") {
    return client.stream({{"command", "backup"}}, [&](ByteView bytes) {
      return write_all(STDOUT_FILENO, "standard output", bytes);
    });
  }
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return write_failed(file);
  Result<void> written = client.stream(
      {{"command", "backup"}}, [&](ByteView bytes) { return write_all(descriptor, file, bytes); });
  if (written.ok() && ::fsync(descriptor) != 0) written = write_failed(file);
  ::close(descriptor);
  if (!written.ok()) ::unlink(file.c_str());
  return written;
}

Result<void> restore(const fs::path& folder, const std::string& file,
                     const std::string& keyring_uri) {
  ::umask(0077);
  TRY(service::BackupReader reader, service::BackupReader::open(file));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return problems::internal("The data folder can't be made: " + error.message() + ".");
  const fs::path keyring_file = folder / "keyring.json";
  CHECK_OK(check_empty(folder, keyring_file.filename()));

  // The keyring of the backup's time comes with it when it is encrypted.
  bool made = false;
  if (reader.header().keyring && !fs::exists(keyring_file, error) &&
      (keyring_uri == "file:" || keyring_uri == "shamir:" || keyring_uri.starts_with("file:?"))) {
    TRY(made, crypto::create_private_file(keyring_file, *reader.header().keyring));
  }
  const auto run = [&]() -> Result<void> {
    TRY(const auto keyring,
        crypto::open_keyring({.uri = keyring_uri, .folder = folder, .create = false}));
    CHECK_OK(unseal(*keyring));
    return service::restore_backup(reader, *keyring, folder);
  };
  Result<void> restored = run();
  if (!restored.ok() && made) fs::remove(keyring_file, error);
  if (restored.ok()) std::cerr << "Restored. Start the server over " << folder.string() << ".\n";
  return restored;
}

Result<void> verify(const std::string& file) {
  TRY(service::BackupReader reader, service::BackupReader::open(file));
  TRY(const std::string checksum, reader.verify());
  const service::BackupHeader& header = reader.header();
  std::cout << "backup       " << header.id << "\n"
            << "made at      " << to_rfc3339(header.made_at) << " by oneclaw " << header.version
            << "\n"
            << "database     " << header.engine << ", schema " << header.schema << ", "
            << header.database_bytes << " bytes\n"
            << "keyring      " << header.provider << ", root key " << header.root_key_id
            << (header.keyring ? " (the encrypted keyring is part of the backup)"
                               : " (keep the keyring apart: the backup doesn't hold it)")
            << "\n";
  for (const auto& [table, rows] : header.holds) {
    std::cout << "  " << table << std::string(std::max<std::size_t>(1, 18 - table.size()), ' ')
              << rows << "\n";
  }
  std::cout << "sha256       " << checksum << "\n"
            << "whole\n";
  return {};
}

}  // namespace oneclaw::operators

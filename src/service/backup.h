// Backups: a consistent, encrypted, checksummed stream, and the way back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secure.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/keyring.h"
#include "store/store.h"

namespace oneclaw::service {

/// What a backup says of itself in clear. It is bound to every chunk.
struct BackupHeader {
  std::string id;
  TimePoint made_at{};
  std::string version;  ///< of the oneclaw that made it
  std::string engine;   ///< "sqlite"
  std::int64_t schema = 0;
  std::string provider;     ///< of the keyring
  std::string root_key_id;  ///< what wraps the backup's key
  Bytes wrapped_key;
  std::optional<std::string> keyring;  ///< the keyring's own file, when that is encrypted
  std::uint64_t database_bytes = 0;
  std::vector<std::pair<std::string, std::int64_t>> holds;  ///< rows by table
};

/// The file, numbers big-endian:
///
///     "oneclaw-backup-1\n" | length (4) | header (JSON)
///     chunks: length (4; its top bit marks the last one) | nonce | ciphertext | tag
///     SHA-256 of all that comes before (32)
///
/// Each backup has an AES-256-GCM key of its own, wrapped by the root key. A chunk holds at most
/// 1 MiB of the database; its AAD is the SHA-256 of the header, its index and whether it is the
/// last, so that chunks can't be changed, left out, cut off or mixed with another backup's.
struct WrittenBackup {
  std::string id;
  std::string sha256;  ///< hex, of the whole file but its last 32 bytes
};

/// Gives the bytes of a backup to `sink`, which returns false to end it (503). Blocks; takes as
/// much memory as a chunk, however large the database is. Requests go on meanwhile.
Result<WrittenBackup> write_backup(store::Store& store, crypto::Keyring& keyring,
                                   const std::function<bool(ByteView)>& sink);

/// A backup file, read from its start to its end once.
class BackupReader {
 public:
  /// 400 "file" when it isn't a backup or its header is damaged.
  static Result<BackupReader> open(const std::filesystem::path& file);

  [[nodiscard]] const BackupHeader& header() const { return header_; }
  /// Goes over the whole file, without any key: 400 "file" unless its checksum is right and nothing
  /// is missing. Gives the checksum in hex.
  Result<std::string> verify();
  /// Gives the database's bytes to `sink`. 400 "file" when any of it is damaged; nothing that
  /// `sink` got is to be used then.
  Result<void> restore(crypto::Keyring& keyring, const std::function<Result<void>(ByteView)>& sink);

 private:
  explicit BackupReader(std::ifstream file) : file_(std::move(file)) {}
  bool read(std::span<std::uint8_t> out);
  /// False after the last chunk.
  Result<bool> next_chunk(Bytes& chunk, bool& last);
  Result<std::string> check_end();

  std::ifstream file_;
  crypto::Sha256 hash_;
  BackupHeader header_;
  crypto::Digest header_hash_{};
  std::int64_t index_ = 0;
  bool ended_ = false;
};

/// Restores `file` to an empty folder (it may have its keyring file there). The database gets its
/// name once all of it is right; 400 or 409 otherwise, and nothing is left.
Result<void> restore_backup(BackupReader& backup, crypto::Keyring& keyring,
                            const std::filesystem::path& folder);

}  // namespace oneclaw::service

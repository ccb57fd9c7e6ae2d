// Files that only their owner may read.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::cli {

/// Writes the whole file or nothing: a new file (0600) in the same folder, synced, renamed over.
/// A folder that is missing is made (0700).
Result<void> write_private_file(const std::filesystem::path& file, std::string_view content);

/// `-` is the standard input. At most `most` bytes.
Result<SecureString> read_file(const std::filesystem::path& file,
                               std::size_t most = 64U * 1024 * 1024);
Result<SecureString> read_descriptor(int descriptor, std::size_t most);

/// An exclusive lock (flock) on a file, made when missing; held until destroyed. Waits for it.
class FileLock {
 public:
  static Result<FileLock> take(const std::filesystem::path& file);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace oneclaw::cli

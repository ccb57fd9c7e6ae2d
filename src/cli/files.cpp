#include "cli/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace oneclaw::cli {

namespace fs = std::filesystem;

namespace {

Problem file_problem(const fs::path& file, std::string_view what) {
  Problem problem = problems::internal(file.string() + " " + std::string(what) + ": " +
                                       std::strerror(errno) + ".");
  problem.code = "file";
  return problem;
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::exists(folder, error)) return {};
  CHECK_OK(make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return file_problem(folder, "can't be made");
  }
  return {};
}

}  // namespace

Result<void> write_private_file(const fs::path& file, std::string_view content) {
  CHECK_OK(make_folder(file.parent_path()));
  std::string name = file.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);  // 0600
  if (descriptor < 0) return file_problem(file, "can't be written");
  const bool written = write_all(descriptor, content) && ::fsync(descriptor) == 0;
  const bool closed = ::close(descriptor) == 0;
  if (!written || !closed || ::rename(name.c_str(), file.c_str()) != 0) {
    Problem problem = file_problem(file, "can't be written");
    ::unlink(name.c_str());
    return problem;
  }
  return {};
}

Result<SecureString> read_descriptor(int descriptor, std::size_t most) {
  SecureString content;
  std::array<char, 16384> block{};
  while (true) {
    const ssize_t got = ::read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_problem("the input", "can't be read");
    if (got == 0) break;
    content.append({block.data(), static_cast<std::size_t>(got)});
    if (content.size() > most) {
      return problems::bad_request("The input has more than " + std::to_string(most) + " bytes.");
    }
  }
  sodium_memzero(block.data(), block.size());
  return content;
}

Result<SecureString> read_file(const fs::path& file, std::size_t most) {
  if (file == "-") return read_descriptor(STDIN_FILENO, most);
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return file_problem(file, "can't be read");
  Result<SecureString> content = read_descriptor(descriptor, most);
  ::close(descriptor);
  return content;
}

Result<FileLock> FileLock::take(const fs::path& file) {
  CHECK_OK(make_folder(file.parent_path()));
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_problem(file, "can't be opened");
  FileLock lock(descriptor);
  while (::flock(descriptor, LOCK_EX) != 0) {
    if (errno != EINTR) return file_problem(file, "can't be locked");
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace oneclaw::cli

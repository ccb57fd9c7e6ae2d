#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/encoding.h"
#include "crypto/root_key_file.h"

namespace oneclaw::crypto {
namespace {

constexpr std::size_t kMaxFileBytes = 64UL * 1024;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Problem refused(const std::filesystem::path& file, const std::string& why) {
  return problems::internal("The keyring file " + file.string() + " " + why + ".");
}

Problem failed(const std::filesystem::path& file, std::string_view what, int error) {
  return refused(file,
                 "can't be " + std::string(what) + ": " + std::generic_category().message(error));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

bool write_new_file(const std::filesystem::path& file, std::string_view text) {
  const FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  return out.is_open() && write_all(out.get(), text) && ::fsync(out.get()) == 0;
}

// Gives `from` the name `to`, unless that is taken (EEXIST).
bool rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  return ::link(from.c_str(), to.c_str()) == 0;  // a file system without RENAME_NOREPLACE
}

bool sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.is_open() && ::fsync(handle.get()) == 0;
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

std::filesystem::path temporary_beside(const std::filesystem::path& file) {
  std::array<std::uint8_t, 8> random{};
  randombytes_buf(random.data(), random.size());
  return folder_of(file) / ("." + file.filename().string() + "." + to_hex(random) + ".tmp");
}

}  // namespace

Result<std::optional<SecureString>> read_private_file(const std::filesystem::path& file,
                                                      bool any_mode) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in.is_open()) {
    if (errno == ENOENT) return std::optional<SecureString>{};
    return failed(file, "opened", errno);
  }
  struct stat info {};
  if (::fstat(in.get(), &info) != 0) return failed(file, "examined", errno);
  if (!S_ISREG(info.st_mode)) return refused(file, "is not a regular file");
  if (!any_mode && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return refused(file, "may be reached by others: make it 0600");
  }
  SecureString text;
  text.resize(kMaxFileBytes + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t done = ::read(in.get(), text.data() + size, text.size() - size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed(file, "read", errno);
    if (done == 0) break;
    size += static_cast<std::size_t>(done);
  }
  if (size > kMaxFileBytes) return refused(file, "is larger than 64 KiB");
  text.resize(size);
  return std::optional<SecureString>(std::move(text));
}

Result<bool> create_private_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path folder = folder_of(file);
  const std::filesystem::path temporary = temporary_beside(file);
  const bool written = write_new_file(temporary, text);
  const bool renamed = written && rename_to_new(temporary, file);
  const int error = errno;
  ::unlink(temporary.c_str());
  if (!written) return failed(file, "written", error);
  if (!renamed && error != EEXIST) return failed(file, "made", error);
  if (!sync_folder(folder)) return failed(file, "made durable", errno);
  return renamed;
}

Result<void> replace_private_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path temporary = temporary_beside(file);
  const bool written = write_new_file(temporary, text);
  const bool renamed = written && ::rename(temporary.c_str(), file.c_str()) == 0;
  const int error = errno;
  if (!renamed) ::unlink(temporary.c_str());
  if (!renamed) return failed(file, "written", error);
  if (!sync_folder(folder_of(file))) return failed(file, "made durable", errno);
  return {};
}

}  // namespace oneclaw::crypto

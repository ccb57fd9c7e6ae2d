#include "server/memory.h"

#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/secure.h"

namespace oneclaw::server {

namespace {

std::string error_text() {
  return std::generic_category().message(errno);
}

/// Whether the memory of keys, which libsodium locks page by page, can be locked at all.
bool keys_lock() {
  alignas(4096) static std::array<std::uint8_t, 4096> page{};
  if (sodium_mlock(page.data(), page.size()) != 0) return false;
  sodium_munlock(page.data(), page.size());
  return true;
}

}  // namespace

void protect_memory() {
  const rlimit no_core{0, 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) {
    spdlog::warn("core dumps can't be turned off: {}", error_text());
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    spdlog::warn("this user's other processes can read our memory: {}", error_text());
  }
  rlimit locked{};
  if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur != locked.rlim_max) {
    locked.rlim_cur = locked.rlim_max;
    setrlimit(RLIMIT_MEMLOCK, &locked);
  }
  // With a limit, locking all would let a later allocation fail.
  if (locked.rlim_max == RLIM_INFINITY) {
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) {
      spdlog::info("all memory is locked: nothing of it reaches swap");
      return;
    }
    spdlog::warn("memory can't be locked: {}", error_text());
  }
  if (!keys_lock()) {
    spdlog::warn("no memory can be locked (RLIMIT_MEMLOCK): keys may reach swap");
  } else {
    spdlog::warn(
        "keys are locked in memory, plaintext in passing is not and may reach swap: "
        "LimitMEMLOCK=infinity in the systemd unit locks all");
  }
}

}  // namespace oneclaw::server

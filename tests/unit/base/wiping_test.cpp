// What a block holds when it goes back to the heap: this program's operator delete looks.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "base/secure.h"

namespace {

struct Watch {
  const unsigned char* block = nullptr;
  std::size_t size = 0;
  bool freed = false;
  bool clean = false;
};
Watch watch;  // NOLINT: operator delete takes no context

void release(void* block) {
  if (block != nullptr && block == watch.block) {
    watch.freed = true;
    watch.clean = std::all_of(watch.block, watch.block + watch.size,
                              [](unsigned char byte) { return byte == 0; });
    watch.block = nullptr;
  }
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* const block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc{};
}
void operator delete(void* block) noexcept {
  release(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
  release(block);
}

namespace oneclaw {
namespace {

constexpr std::string_view kSecret = "correct horse battery staple, and more of it";

void watch_block(const void* block, std::size_t size) {
  watch = {static_cast<const unsigned char*>(block), size, false, false};
}

TEST(Wiping, TheWatchSeesWhatIsNotWiped) {
  {
    const Bytes plain(kSecret.begin(), kSecret.end());
    watch_block(plain.data(), plain.size());
  }
  EXPECT_TRUE(watch.freed);
  EXPECT_FALSE(watch.clean);
}

TEST(Wiping, SecureBytesWhenFreed) {
  {
    const SecureBytes bytes(kSecret.begin(), kSecret.end());
    watch_block(bytes.data(), bytes.size());
  }
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
}

TEST(Wiping, SecureBytesWhenGrown) {
  SecureBytes bytes(kSecret.begin(), kSecret.end());
  watch_block(bytes.data(), bytes.size());
  bytes.resize(bytes.capacity() + 1);
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
  EXPECT_EQ(as_text(ByteView(bytes).first(kSecret.size())), kSecret);
}

TEST(Wiping, AShortSecureString) {
  {
    SecureString text("x");
    watch_block(text.data(), text.size());
  }
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
}

TEST(Wiping, ASecureStringWhenGrown) {
  SecureString text(kSecret);
  watch_block(text.data(), text.size());
  text.append(kSecret);
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
}

TEST(Wiping, ASecureStringWhenCleared) {
  SecureString text(kSecret);
  watch_block(text.data(), text.size());
  text.clear();
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
}

TEST(Wiping, ASecureStringWhenAssignedOver) {
  SecureString text(kSecret);
  watch_block(text.data(), text.size());
  text = SecureString("other");
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.clean);
}

}  // namespace
}  // namespace oneclaw

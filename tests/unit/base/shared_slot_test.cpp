#include "base/shared_slot.h"

#include <gtest/gtest.h>

#include <thread>

namespace oneclaw {
namespace {

TEST(SharedSlot, GivesBackWhatWasThere) {
  SharedSlot<const int> slot;
  EXPECT_EQ(slot.load(), nullptr);
  const auto one = std::make_shared<const int>(1);
  EXPECT_EQ(slot.exchange(one), nullptr);
  EXPECT_EQ(slot.load(), one);
  slot.store(nullptr);
  EXPECT_EQ(slot.load(), nullptr);
  EXPECT_EQ(one.use_count(), 1);
}

TEST(SharedSlot, KeepsAValueForWhoeverLoadedIt) {
  SharedSlot<const int> slot;
  std::thread writer([&slot] {
    for (int i = 1; i <= 10'000; ++i) slot.store(std::make_shared<const int>(i));
  });
  int last = 0;
  while (last < 10'000) {
    const auto value = slot.load();
    if (!value) continue;
    EXPECT_GE(*value, last);
    last = *value;
  }
  writer.join();
}

}  // namespace
}  // namespace oneclaw

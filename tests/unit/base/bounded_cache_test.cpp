#include "base/bounded_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace oneclaw {
namespace {

using Cache = BoundedCache<int, std::string>;

std::shared_ptr<const std::string> text(std::string value) {
  return std::make_shared<const std::string>(std::move(value));
}

TEST(BoundedCache, FindsWhatWasPutIn) {
  Cache cache(1 << 20);
  EXPECT_EQ(cache.find(1), nullptr);
  cache.put(1, text("one"), 3);
  cache.put(2, text("two"), 3);
  EXPECT_EQ(*cache.find(1), "one");
  cache.put(1, text("uno"), 3);
  EXPECT_EQ(*cache.find(1), "uno");
  EXPECT_EQ(cache.size(), 2U);
  cache.erase(1);
  cache.erase(1);
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_EQ(*cache.find(2), "two");
}

TEST(BoundedCache, StaysWithinItsBytes) {
  constexpr std::size_t kMost = 1 << 20;
  Cache cache(kMost);
  for (int i = 0; i < 10'000; ++i) cache.put(i, text("x"), 1000);
  EXPECT_LE(cache.bytes(), kMost);
  EXPECT_GT(cache.size(), 500U);
  EXPECT_LT(cache.size(), 1100U);
}

TEST(BoundedCache, DropsTheLeastRecentlyUsed) {
  Cache cache(1 << 20);
  cache.put(1, text("kept"), 1000);
  for (int i = 2; i < 10'000; ++i) {
    cache.put(i, text("x"), 1000);
    ASSERT_NE(cache.find(1), nullptr) << i;
  }
  EXPECT_EQ(cache.find(2), nullptr);
}

TEST(BoundedCache, AnEntryThatIsTooBigIsNotKept) {
  Cache cache(16 * 1000);
  cache.put(1, text("small"), 10);
  cache.put(1, text("big"), 100'000);
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

// An agent with thousands of policies has an entry of megabytes.
TEST(BoundedCache, OneEntryMayTakeNearlyAll) {
  constexpr std::size_t kMost = 16 * 1000;
  Cache cache(kMost);
  for (int i = 2; i < 12; ++i) cache.put(i, text("small"), 900);
  cache.put(1, text("big"), 15'000);
  ASSERT_NE(cache.find(1), nullptr);
  EXPECT_LE(cache.bytes(), kMost);
  cache.put(1, text("bigger"), 15'500);
  EXPECT_EQ(*cache.find(1), "bigger");
  EXPECT_LE(cache.bytes(), kMost);
}

TEST(BoundedCache, OfNoBytesKeepsNothing) {
  Cache cache(0);
  cache.put(1, text("x"), 1);
  EXPECT_EQ(cache.find(1), nullptr);
}

TEST(BoundedCache, WhatWasFoundOutlivesItsEntry) {
  Cache cache(1 << 20);
  cache.put(1, text("one"), 3);
  const auto found = cache.find(1);
  cache.erase(1);
  EXPECT_EQ(*found, "one");
}

TEST(BoundedCache, IsThreadSafe) {
  Cache cache(64 * 1024);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 20'000; ++i) {
        const int key = (i * 7 + t) % 500;
        const auto found = cache.find(key);
        if (found) {
          ASSERT_EQ(*found, std::to_string(key));
        } else {
          cache.put(key, text(std::to_string(key)), 100);
        }
        if (i % 97 == 0) cache.erase(key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.bytes(), 64U * 1024);
}

}  // namespace
}  // namespace oneclaw

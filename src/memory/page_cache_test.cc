#include "memory/page_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace corewalk {
namespace {

// Bytes that tell their address; one page is missing, and reads that touch it end in front of it.
constexpr Address kMissing = 0x7000;
std::byte At(Address address) { return static_cast<std::byte>(address * 31 + address / 4096); }

struct Target {
  std::atomic<int> fetches{0};
  size_t operator()(Address address, std::span<std::byte> out) {
    ++fetches;
    for (size_t i = 0; i < out.size(); ++i) {
      if ((address + i) / 4096 == kMissing / 4096) return i;
      out[i] = At(address + i);
    }
    return out.size();
  }
};

void ExpectBytes(PageCache* cache, Target* target, Address address, size_t size, size_t got) {
  std::vector<std::byte> out(size);
  ASSERT_EQ(cache->Read(address, out, *target), got);
  for (size_t i = 0; i < got; ++i) ASSERT_EQ(out[i], At(address + i)) << address + i;
}

TEST(PageCacheTest, APageIsFetchedOnce) {
  PageCache cache;
  Target target;
  for (int i = 0; i < 100; ++i) ExpectBytes(&cache, &target, 0x3000 + 8 * static_cast<Address>(i), 8, 8);
  EXPECT_EQ(target.fetches, 1);
  ExpectBytes(&cache, &target, 0x3ffc, 8, 8);  // over the end of it
  EXPECT_EQ(target.fetches, 2);
}

TEST(PageCacheTest, WhatIsMissingEndsARead) {
  PageCache cache;
  Target target;
  ExpectBytes(&cache, &target, kMissing - 4, 8, 4);
  ExpectBytes(&cache, &target, kMissing + 8, 8, 0);
  ExpectBytes(&cache, &target, kMissing + 0xffc, 8, 0);
  ExpectBytes(&cache, &target, kMissing - 0x1800, 0x3000, 0x1800);  // larger than a page: past the cache
  ExpectBytes(&cache, &target, kMissing + 0x1000, 8, 8);
}

TEST(PageCacheTest, TheEndOfTheAddressSpace) {
  PageCache cache;
  Target target;
  ExpectBytes(&cache, &target, ~Address{0} - 7, 8, 8);
}

TEST(PageCacheTest, ManyPagesFromManyThreads) {
  PageCache cache;
  Target target;
  std::vector<std::thread> threads;
  for (Address t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (Address i = 0; i < 60'000; ++i) ExpectBytes(&cache, &target, 0x100000 + (i * (t + 1) % 40'000) * 4096 + 16 * t, 16, 16);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace corewalk

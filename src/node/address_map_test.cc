#include "node/address_map.h"

#include <gtest/gtest.h>

#include <random>

#include "memory/fake_memory.h"
#include "node/thread_stacks.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;
constexpr Address kBase = 0x10000000;

class AddressMapTest : public ::testing::Test {
 protected:
  AddressMapTest() {
    std::vector<std::byte> bytes(10 * kPage);
    bytes[0] = bytes[3 * kPage] = std::byte{1};
    memory_.AddBlock(kBase, bytes, FakeMemory::kReadWrite, 20 * kPage);
    memory_.AddHole(kBase + 20 * kPage, 4 * kPage, FakeMemory::kNone);
    memory_.AddBlock(kBase + 100 * kPage, std::vector<std::byte>(kPage, std::byte{1}));
  }
  static void Expect(const MemorySum& sum, uint64_t reserved, uint64_t present, uint64_t resident) {
    EXPECT_EQ(sum.reserved, reserved * kPage);
    EXPECT_EQ(sum.present, present * kPage);
    EXPECT_EQ(sum.resident, resident * kPage);
  }

  FakeMemory memory_;
};

TEST_F(AddressMapTest, WhoClaimsFirstHasIt) {
  const Residency residency = Residency::Find(memory_, Cancel(), {});
  AddressMap map(memory_, residency);
  EXPECT_EQ(map.Claim(kBase + 2 * kPage, kBase + 5 * kPage, 1), 3 * kPage);
  EXPECT_EQ(map.Claim(kBase, kBase + 8 * kPage, 2), 5 * kPage);
  EXPECT_EQ(map.Claim(kBase + 19 * kPage, kBase + 50 * kPage, 3), 5 * kPage);  // two regions, then nothing
  EXPECT_EQ(map.Claim(kBase, kBase + 8 * kPage, 4), 0u);
  const auto sums = map.Sums();
  Expect(sums.at(1), 3, 3, 1);
  Expect(sums.at(2), 5, 5, 1);
  Expect(sums.at(3), 5, 0, 0);
  Expect(map.Total(), 25, 11, 3);
  const std::vector<AddressMap::Stretch> left = map.Unclaimed();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].start, kBase + 8 * kPage);
  EXPECT_EQ(left[0].end, kBase + 19 * kPage);
  EXPECT_EQ(left[1].start, kBase + 100 * kPage);
}

TEST_F(AddressMapTest, OwnersAddUpToTheWhole) {
  const Residency residency = Residency::Find(memory_, Cancel(), {});
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    AddressMap map(memory_, residency);
    for (int i = 0; i < 40; ++i) {
      const Address start = kBase - kPage + random() % (110 * kPage);
      map.Claim(start, start + random() % (30 * kPage), random() % 5);
    }
    MemorySum sum;
    for (const auto& [owner, part] : map.Sums()) sum += part;
    for (const AddressMap::Stretch& stretch : map.Unclaimed()) {
      EXPECT_LT(stretch.start, stretch.end);
      EXPECT_GE(stretch.start, stretch.region->start);
      EXPECT_LE(stretch.end, stretch.region->end);
      sum += map.SumOf(stretch.start, stretch.end);
    }
    Expect(sum, 25, 11, 3);
  }
}

TEST_F(AddressMapTest, NonsenseClaimsNothing) {
  const Residency residency = Residency::Find(memory_, Cancel(), {});
  AddressMap map(memory_, residency);
  EXPECT_EQ(map.Claim(kBase + 5 * kPage, kBase + 5 * kPage, 1), 0u);
  EXPECT_EQ(map.Claim(kBase + 9 * kPage, kBase + 2 * kPage, 1), 0u);
  EXPECT_EQ(map.Claim(~Address{0} - 4, kBase + 2 * kPage, 1), 0u);
  EXPECT_EQ(map.Claim(~Address{0}, ~Address{0}, 1), 0u);
  Expect(map.SumOf(kBase + 9 * kPage, kBase + 2 * kPage), 0, 0, 0);
  EXPECT_TRUE(map.Sums().empty());
  EXPECT_EQ(map.Claim(0, ~Address{0}, 2), 25 * kPage);
  EXPECT_TRUE(map.Unclaimed().empty());
}

TEST(ThreadStacksTest, BlocksOfThreads) {
  constexpr Address kStacks = 0x7f0000000000;
  constexpr uint64_t kBlock = 0x100000;
  FakeMemory memory;
  memory.AddZeros(kStacks, 3 * kBlock);  // the kernel has joined the mappings of three threads
  memory.AddZeros(0x7ffc00000000, 0x20000);
  std::vector<ThreadState> threads(4);
  threads[0].tid = 10;
  threads[0].registers[static_cast<size_t>(Register::kRsp)] = 0x7ffc0001f000;
  for (size_t i = 1; i < 4; ++i) {
    const Address block = kStacks + (i - 1) * kBlock, pointer = block + kBlock - 0x1000;
    threads[i].tid = static_cast<int>(10 + i);
    threads[i].registers[static_cast<size_t>(Register::kFsBase)] = pointer;
    threads[i].registers[static_cast<size_t>(Register::kRsp)] = block + kBlock - 0x3000;
    memory.Put(pointer + 0x690, block);
    memory.Put(pointer + 0x698, kBlock);
    memory.Put(pointer + 0x6a0, uint64_t{0x1000});
  }
  memory.Put(kStacks + 3 * kBlock - 0x1000 + 0x690, uint64_t{12345});  // the third does not say
  memory.SetThreads(threads);
  ProcessInfo process;
  process.pid = 10;
  memory.SetProcess(process);
  const std::vector<ThreadStack> stacks = FindThreadStacks(memory);
  ASSERT_EQ(stacks.size(), 3u);
  EXPECT_EQ(stacks[0].start, kStacks + 0x1000);
  EXPECT_EQ(stacks[2].tid, 10);
  EXPECT_TRUE(stacks[2].is_main);
  EXPECT_EQ(stacks[2].end, 0x7ffc00020000u);
  EXPECT_EQ(stacks[1].start, kStacks + kBlock + 0x1000);
  EXPECT_EQ(stacks[1].guard_start, kStacks + kBlock);
  EXPECT_EQ(stacks[1].used(), 0x3000u);
}

}  // namespace
}  // namespace corewalk

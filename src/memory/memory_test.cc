#include "memory/memory.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

TEST(MemoryTest, RegionAtFindsTheRegionOrNothing) {
  FakeMemory memory;
  memory.AddZeros(0x3000, 0x1000);
  memory.AddZeros(0x1000, 0x1000);
  EXPECT_EQ(memory.RegionAt(0xfff), nullptr);
  EXPECT_EQ(memory.RegionAt(0x1000)->start, 0x1000u);
  EXPECT_EQ(memory.RegionAt(0x1fff)->start, 0x1000u);
  EXPECT_EQ(memory.RegionAt(0x2000), nullptr);
  EXPECT_EQ(memory.RegionAt(0x3fff)->start, 0x3000u);
  EXPECT_EQ(memory.RegionAt(0x4000), nullptr);
  EXPECT_EQ(memory.RegionAt(UINT64_MAX), nullptr);
  EXPECT_EQ(FakeMemory().RegionAt(0), nullptr);
}

TEST(MemoryTest, ReadValueNeedsEveryByte) {
  FakeMemory memory;
  memory.AddWords(0x1000, {1, 2});
  EXPECT_EQ(memory.ReadWord(0x1008), 2u);
  EXPECT_EQ(memory.ReadWord(0x1009), std::nullopt);
  EXPECT_EQ(memory.ReadValue<uint8_t>(0x100f), 0);
}

TEST(MemoryTest, ReadCStringStopsAtTheLimitAndAtMissingBytes) {
  FakeMemory memory;
  memory.AddText(0x1000, std::string_view("hello\0there", 11));
  EXPECT_EQ(memory.ReadCString(0x1000, 100), "hello");
  EXPECT_EQ(memory.ReadCString(0x1000, 5), "hello");
  EXPECT_EQ(memory.ReadCString(0x1000, 4), std::nullopt);
  EXPECT_EQ(memory.ReadCString(0x1005, 0), "");
  EXPECT_EQ(memory.ReadCString(0x1006, 100), std::nullopt) << "no NUL before the end of the block";
  EXPECT_EQ(memory.ReadCString(0x2000, 100), std::nullopt);
  memory.AddText(0x10000, std::string(1000, 'x') + '\0');
  EXPECT_EQ(memory.ReadCString(0x10000, 1000)->size(), 1000u);
  EXPECT_EQ(memory.ReadCString(0x10000, 999), std::nullopt);
}

TEST(FakeMemoryTest, ReadCrossesAdjacentBlocksAndStopsAtHoles) {
  FakeMemory memory;
  memory.AddWords(0x1000, {1});
  memory.AddWords(0x1008, {2});
  memory.AddBlock(0x1010, std::vector<std::byte>(8), FakeMemory::kRead, 0x100);
  std::array<std::byte, 64> buffer;
  EXPECT_EQ(memory.Read(0x1004, buffer), 20u);
  EXPECT_EQ(memory.Read(0x1018, buffer), 0u);
  EXPECT_EQ(memory.RegionAt(0x1018)->present_end, 0x1018u);
  memory.AddHole(0x9000, 0x1000);
  EXPECT_EQ(memory.Read(0x9000, buffer), 0u);
}

TEST(FakeMemoryTest, FailingRangesAndRefusedViews) {
  FakeMemory memory;
  memory.AddZeros(0x1000, 0x100);
  EXPECT_EQ(memory.View(0x1000, 0x100).size(), 0x100u);
  memory.FailReads(0x1080, 1);
  std::array<std::byte, 256> buffer;
  EXPECT_EQ(memory.Read(0x1000, buffer), 0x80u);
  EXPECT_EQ(memory.Read(0x1080, buffer), 0u);
  EXPECT_EQ(memory.Read(0x1081, buffer), 0x7fu);
  EXPECT_TRUE(memory.View(0x1000, 0x100).empty());
  EXPECT_EQ(memory.View(0x1000, 0x80).size(), 0x80u);
  memory.RefuseView();
  EXPECT_TRUE(memory.View(0x1000, 8).empty());
  memory.Put<uint32_t>(0x1010, 42);
  EXPECT_EQ(memory.ReadValue<uint32_t>(0x1010), 42u);
}

}  // namespace
}  // namespace corewalk

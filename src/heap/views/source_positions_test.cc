#include "heap/views/source_positions.h"

#include <gtest/gtest.h>

#include <tuple>

namespace corewalk {
namespace {

std::vector<std::byte> Bytes(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// The table of `async function waits(i) { const x = i + 1; await never; return x; }` as three V8s made it.
const std::vector<std::byte> kOldest = Bytes(
    {0x21, 0xa0, 0x02, 0x08, 0x48, 0x05, 0x08, 0x0a, 0x1c, 0x1b, 0x00, 0x32, 0x3c, 0x1a, 0x24, 0x38, 0x04});  // 7.8
const std::vector<std::byte> kZigZag = Bytes(
    {0x01, 0xa0, 0x02, 0x17, 0x00, 0x10, 0x48, 0x05, 0x08, 0x08, 0x1c, 0x19, 0x00, 0x2e, 0x3c, 0x14, 0x24});  // 12.4
const std::vector<std::byte> kFlags = Bytes(
    {0x02, 0xa0, 0x02, 0x2e, 0x00, 0x23, 0x48, 0x0a, 0x08, 0x13, 0x1c, 0x32, 0x00, 0x5f, 0x3c, 0x2b, 0x24});  // 14.6

std::vector<std::tuple<int64_t, int64_t, bool>> All(const std::vector<std::byte>& table, V8Version version) {
  std::vector<std::tuple<int64_t, int64_t, bool>> all;
  EXPECT_TRUE(ForEachTablePosition(table, PositionTableFormatOf(version), [&](const TablePosition& entry) {
    all.emplace_back(entry.code_offset, entry.position, entry.statement);
    return true;
  }));
  return all;
}

TEST(SourcePositions, TablesOfThreeVersionsSayTheSame) {
  const std::vector<std::tuple<int64_t, int64_t, bool>> wanted = {{-1, 71, false}, {10, 71, false}, {18, 89, true},
                                                                  {20, 91, false}, {24, 98, true},  {36, 98, false},
                                                                  {59, 113, true}, {69, 122, true}};
  EXPECT_EQ(All(kZigZag, {12, 4}), wanted);
  const auto flagged = All(kFlags, {14, 6});
  ASSERT_EQ(flagged.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(std::get<1>(flagged[i]), std::get<1>(wanted[i]));
    EXPECT_EQ(std::get<2>(flagged[i]), std::get<2>(wanted[i]));
  }
  EXPECT_EQ(std::get<0>(flagged[0]), -1);
  EXPECT_EQ(std::get<0>(All(kOldest, {7, 8})[0]), 16);
}

TEST(SourcePositions, TheLastEntryAtOrBeforeCounts) {
  const PositionTableFormat format = PositionTableFormatOf({12, 4});
  EXPECT_EQ(FindTablePosition(kZigZag, format, 36)->position, 98);
  EXPECT_EQ(FindTablePosition(kZigZag, format, 58)->position, 98);
  EXPECT_EQ(FindTablePosition(kZigZag, format, 59)->position, 113);
  EXPECT_EQ(FindTablePosition(kZigZag, format, 1000000)->position, 122);
  EXPECT_FALSE(FindTablePosition(kZigZag, format, -2));
  EXPECT_FALSE(FindTablePosition({}, format, 5));
}

TEST(SourcePositions, InlinedAndExternalPlaces) {
  // raw = (position + 1) << 1 | (inlining id + 1) << 31, zig-zag coded.
  const uint64_t raw = uint64_t{41} << 1 | uint64_t{3} << 31;
  std::vector<std::byte> table = Bytes({0x00});
  for (uint64_t value = raw << 1;; value >>= 7) {
    table.push_back(static_cast<std::byte>((value & 0x7f) | (value > 0x7f ? 0x80 : 0)));
    if (value <= 0x7f) break;
  }
  const auto found = FindTablePosition(table, PositionTableFormatOf({12, 4}), 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->position, 40);
  EXPECT_EQ(found->inlining_id, 2);
  EXPECT_FALSE(found->external);
  EXPECT_TRUE(FindTablePosition(Bytes({0x00, 0x02}), PositionTableFormatOf({12, 4}), 0)->external);
}

TEST(SourcePositions, DamagedTables) {
  const auto visit = [](const TablePosition&) { return true; };
  for (const V8Version version : {V8Version{7, 4}, V8Version{12, 4}, V8Version{14, 6}, V8Version{}}) {
    const PositionTableFormat format = PositionTableFormatOf(version);
    EXPECT_FALSE(ForEachTablePosition(Bytes({0x00}), format, visit));        // half a pair
    EXPECT_FALSE(ForEachTablePosition(Bytes({0x80, 0x80}), format, visit));  // a number without end
    const std::vector<std::byte> endless(1000, std::byte{0xff});
    EXPECT_FALSE(ForEachTablePosition(endless, format, visit));
    for (int value = 0; value < 256; ++value) {
      std::vector<std::byte> same(257, static_cast<std::byte>(value));
      ForEachTablePosition(same, format, visit);
    }
  }
}

}  // namespace
}  // namespace corewalk

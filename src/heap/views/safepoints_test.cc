#include "heap/views/safepoints.h"

#include <gtest/gtest.h>

#include <vector>

namespace corewalk {
namespace {

class Table {
 public:
  Table& Number(uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }
  Table& Word(uint32_t value) { return Number(value, 4); }
  Table& Bytes(std::initializer_list<int> values) {
    for (const int value : values) bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  operator std::span<const std::byte>() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

constexpr uint32_t kSize = 0x500;

void ExpectPlaces(std::span<const std::byte> table) {
  // Calls at 0x40, 0x120 and 0x300; the second and the third have exits.
  const auto plain = FindReturnPlace(table, kSize, 0x40);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->offset, 0x40u);
  EXPECT_FALSE(plain->deoptimizes);
  EXPECT_EQ(plain->entry, -1);
  int32_t entry = 4;
  for (const auto& [exit, call] : {std::pair{0x444u, 0x120u}, {0x448u, 0x300u}}) {
    const auto found = FindReturnPlace(table, kSize, exit);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->offset, call);
    EXPECT_TRUE(found->deoptimizes);
    const auto behind_call = FindReturnPlace(table, kSize, call);
    ASSERT_TRUE(behind_call);
    EXPECT_EQ(behind_call->offset, call);
    EXPECT_FALSE(behind_call->deoptimizes);
    EXPECT_EQ(found->entry, entry);
    EXPECT_EQ(behind_call->entry, entry++);
  }
  EXPECT_FALSE(FindReturnPlace(table, kSize, 0x446));
  EXPECT_FALSE(FindReturnPlace(table, 0x445, 0x444)) << "an exit lies behind the code";
}

Table Rows() {
  return Table().Word(3).Word(2).Word(0x40).Word(~0u).Word(~0u).Word(0x120).Word(4).Word(0x444).Word(0x300).Word(5).Word(0x448).Number(0, 6);
}

Table Packed(int before, int behind, bool pushed) {
  constexpr uint32_t kSizes = 1 | 1 << 1 | 2 << 4 | 1 << 7;
  Table table;
  for (int i = 0; i < before; ++i) table.Word(12);
  table.Word(3).Word(kSizes | (pushed ? 0 : 2 << 10));
  for (int i = 0; i < behind; ++i) table.Word(7);
  const auto entry = [&](uint32_t pc, uint32_t index, uint32_t exit) {
    table.Number(pc, 2).Number(index + 1, 1).Number(exit + 1, 2).Number(0, pushed ? 2 : 1);
  };
  entry(0x40, ~0u, ~0u);
  entry(0x120, 4, 0x444);
  entry(0x300, 5, 0x448);
  return table.Number(0, 6);
}

Table Deltas() {
  std::initializer_list<int> entries = {0x3f, 0, 0, 0x05, 0xe0, 0x01, 5, 0xc4, 0x08, 0, 0x02, 0xff, 0xe0, 0x03, 1, 4, 1, 0x83, 0x01, 0x05};
  return Table().Word(9).Word(static_cast<uint32_t>(8 + entries.size()) | 3u << 30).Bytes(entries);
}

TEST(Safepoints, RowsOfOldVersions) { ExpectPlaces(Rows()); }

TEST(Safepoints, PackedNumbers) {
  for (const int before : {0, 1}) ExpectPlaces(Packed(before, 0, false));
}

TEST(Safepoints, PackedNumbersOfMaglev) {
  for (const int before : {0, 1}) {
    for (const int behind : {1, 2}) ExpectPlaces(Packed(before, behind, true));
  }
}

TEST(Safepoints, DeltasOfNewestVersions) { ExpectPlaces(Deltas()); }

TEST(Safepoints, CutAndDamagedTablesSayNothingWrong) {
  for (const Table& table : {Rows(), Packed(0, 0, false), Packed(1, 2, true), Deltas()}) {
    const std::span<const std::byte> whole = table;
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto found = FindReturnPlace(whole.first(size), kSize, 0x444);
      EXPECT_EQ(found ? found->offset : 0x120u, 0x120u);
    }
    std::vector<std::byte> bytes(whole.begin(), whole.end());
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {1, 0x80, 0xff}) {
        bytes[at] ^= static_cast<std::byte>(flip);
        const auto found = FindReturnPlace(bytes, kSize, 0x444);
        EXPECT_LE(found ? found->offset : 0, kSize);
        bytes[at] ^= static_cast<std::byte>(flip);
      }
    }
  }
  EXPECT_FALSE(FindReturnPlace({}, kSize, 0x444));
}

}  // namespace
}  // namespace corewalk

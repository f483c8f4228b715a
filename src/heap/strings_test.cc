#include "heap/strings.h"

#include <gtest/gtest.h>

#include <chrono>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

class StringsTest : public ::testing::Test {
 protected:
  StringText Read(uint64_t tagged, uint64_t limit = 1000) {
    const Layout layout = heap_.MakeLayout();
    const std::optional<StringText> text = ReadString(heap_.memory(), layout, tagged, limit);
    EXPECT_TRUE(text.has_value());
    return text.value_or(StringText{});
  }

  FakeHeap heap_;
};

TEST_F(StringsTest, Sequential) {
  EXPECT_EQ(Read(heap_.NewString(1, "hello")).text, "hello");
  EXPECT_EQ(Read(heap_.NewString(1, "caf\xe9")).text, "caf\xc3\xa9");  // Latin-1 in V8, UTF-8 here
  EXPECT_EQ(Read(heap_.NewTwoByteString(1, u"a\u20ac\U0001f600")).text, "a\u20ac\U0001f600");
  EXPECT_EQ(Read(heap_.NewString(1, "")).text, "");
  const StringText cut = Read(heap_.NewString(1, "hello"), 2);
  EXPECT_EQ(cut.text, "he");
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.length, 5u);
  EXPECT_FALSE(cut.damaged);
}

TEST_F(StringsTest, LoneSurrogatesBecomeWtf8) {
  const char16_t units[] = {0xd800, u'x', 0xdc00};
  EXPECT_EQ(Read(heap_.NewTwoByteString(1, {units, 3})).text, "\xed\xa0\x80x\xed\xb0\x80");
}

TEST_F(StringsTest, SurrogatePairOfTwoPartsIsJoined) {
  const char16_t high[] = {0xd83d}, low[] = {0xde00};
  const uint64_t cons = heap_.NewIndirectString(1, testing::kConsTwoByteString, 2, heap_.NewTwoByteString(1, {high, 1}),
                                                heap_.NewTwoByteString(1, {low, 1}));
  EXPECT_EQ(Read(cons).text, "\U0001f600");
}

TEST_F(StringsTest, ConsSlicedThinExternal) {
  const uint64_t hello = heap_.NewString(1, "hello"), world = heap_.NewString(1, " world");
  const uint64_t cons = heap_.NewIndirectString(1, testing::kConsOneByteString, 11, hello, world);
  EXPECT_EQ(Read(cons).text, "hello world");
  EXPECT_EQ(Read(cons, 7).text, "hello w");
  const uint64_t flat = heap_.NewIndirectString(1, testing::kConsOneByteString, 5, hello, heap_.NewString(1, ""));
  EXPECT_EQ(Read(flat).text, "hello");
  const uint64_t thin = heap_.NewIndirectString(1, testing::kThinOneByteString, 5, hello, 0);
  EXPECT_EQ(Read(thin).text, "hello");
  const uint64_t sliced = heap_.NewIndirectString(1, testing::kSlicedOneByteString, 4, cons, heap_.Smi(4));
  EXPECT_EQ(Read(sliced).text, "o wo");
  heap_.memory().AddText(0x40000000, "outside");
  const uint64_t external = heap_.NewIndirectString(1, testing::kExternalOneByteString, 7, 0x50000000, 0x40000000);
  EXPECT_EQ(Read(external).text, "outside");
  const uint64_t missing = heap_.NewIndirectString(1, testing::kExternalOneByteString, 9, 0x50000000, 0x40000000);
  const StringText part = Read(missing);
  EXPECT_EQ(part.text, "outside");
  EXPECT_TRUE(part.damaged);
}

TEST_F(StringsTest, RopeOfDepth200000) {
  const size_t page = heap_.AddPage(FakeHeap::kLargeSpace, 200'001 * 32 + 64);
  const uint64_t letter = heap_.NewString(1, "ab");
  uint64_t left = letter, right = letter;
  for (uint32_t depth = 1; depth <= 100'000; ++depth) {
    left = heap_.NewIndirectString(page, testing::kConsOneByteString, 2 * depth + 2, left, letter);
    right = heap_.NewIndirectString(page, testing::kConsOneByteString, 2 * depth + 2, letter, right);
  }
  for (uint64_t rope : {left, right}) {
    const StringText whole = Read(rope, 1'000'000);
    EXPECT_EQ(whole.text.size(), 200'002u);
    EXPECT_FALSE(whole.damaged);
    const StringText head = Read(rope, 5);
    EXPECT_EQ(head.text, "ababa");
    EXPECT_FALSE(head.damaged);
  }
}

TEST_F(StringsTest, CyclesEnd) {
  const auto begin = std::chrono::steady_clock::now();
  const uint64_t letter = heap_.NewString(1, "a");
  for (uint16_t type : {testing::kConsOneByteString, testing::kThinOneByteString, testing::kSlicedOneByteString}) {
    for (uint32_t length : {1u, 100u, 0x7fffffffu}) {
      const uint64_t self = heap_.NewIndirectString(1, type, length, 0, letter);
      heap_.Set(self, 16, self);
      if (type == testing::kSlicedOneByteString) heap_.Set(self, 24, 0);
      EXPECT_TRUE(Read(self, 1 << 20).damaged);
      const uint64_t both = heap_.NewIndirectString(1, type, length, 0, 0);
      heap_.Set(both, 16, both);
      heap_.Set(both, 24, both);
      EXPECT_TRUE(Read(both, 1 << 20).damaged);
    }
  }
  // A cycle over a slice whose parent is longer than it is.
  const uint64_t slice = heap_.NewIndirectString(1, testing::kSlicedOneByteString, 19, 0, heap_.Smi(0));
  heap_.Set(slice, 16, heap_.NewIndirectString(1, testing::kConsOneByteString, 20, slice, letter));
  EXPECT_TRUE(Read(slice, 1 << 20).damaged);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(StringsTest, SlicedOutOfRange) {
  const uint64_t parent = heap_.NewString(1, "parent");
  for (int32_t offset : {7, -1, 0x7fffffff}) {
    const StringText text =
        Read(heap_.NewIndirectString(1, testing::kSlicedOneByteString, 3, parent, heap_.Smi(offset)));
    EXPECT_TRUE(text.damaged);
    EXPECT_EQ(text.text, "");
  }
  EXPECT_TRUE(Read(heap_.NewIndirectString(1, testing::kSlicedOneByteString, 6, parent, heap_.Smi(3))).damaged);
}

TEST_F(StringsTest, DamagedPartsKeepWhatIsThere) {
  const uint64_t hello = heap_.NewString(1, "hello");
  for (uint64_t second : {uint64_t{0}, uint64_t{0x7f0000000001}, heap_.NewArray(1, {}), heap_.Smi(4)}) {
    const StringText text = Read(heap_.NewIndirectString(1, testing::kConsOneByteString, 11, hello, second));
    EXPECT_EQ(text.text, "hello");
    EXPECT_TRUE(text.damaged);
  }
  // A representation that does not exist.
  const uint64_t odd_map = heap_.NewMap(1, testing::kSeqOneByteString | 7, 4);
  EXPECT_TRUE(Read(heap_.New(1, odd_map, 32)).damaged == false);  // length 0: nothing is missing
  const uint64_t odd = heap_.New(1, odd_map, 32);
  heap_.memory().Put(odd - 1 + 12, uint32_t{5});
  EXPECT_TRUE(Read(odd).damaged);
}

TEST_F(StringsTest, HugeLengthsAllocateNothing) {
  const uint64_t text = heap_.NewString(1, "x");
  heap_.memory().Put(text - 1 + 12, uint32_t{0xffffffff});
  const StringText read = Read(text, ~uint64_t{0});
  EXPECT_TRUE(read.damaged);
  EXPECT_LE(read.text.size(), 2 * FakeHeap::kPageSize);
}

TEST_F(StringsTest, WhatIsNoString) {
  const Layout layout = heap_.MakeLayout();
  for (uint64_t word : {uint64_t{0}, heap_.Smi(7), uint64_t{0x7f0000000001}, heap_.NewArray(1, {}), ~uint64_t{0}}) {
    EXPECT_FALSE(ReadString(heap_.memory(), layout, word, 10).has_value());
  }
  EXPECT_EQ(InstanceTypeOf(heap_.memory(), layout, heap_.NewArray(1, {})), testing::kFixedArrayType);
}

}  // namespace
}  // namespace corewalk

#include "analysis/leaks/strings.h"

#include "graph/testing/graph_heap.h"
#include "heap/names.h"

namespace corewalk {
namespace {

using testing::GraphHeap;

class StringsTest : public ::testing::Test {
 protected:
  uint64_t Hold(const std::vector<uint64_t>& objects) { return fake_.Hold(objects); }
  StringReport Analyse(const StringQuery& query = {}, int threads = 2) {
    graph_ = fake_.BuildGraph(threads);
    if (graph_ == nullptr) return {};
    NameResolver names(fake_.heap.memory(), fake_.model->layout());
    HeapReader reader(fake_.heap.memory(), fake_.model->layout(), &names);
    return AnalyseStrings(&reader, *graph_, query, Cancel(), {});
  }
  uint64_t Text(std::string_view text) { return fake_.heap.NewString(1, text); }
  uint64_t Cons(uint64_t first, uint64_t second, uint32_t length) {
    return fake_.heap.NewIndirectString(1, testing::kConsOneByteString, length, first, second);
  }
  uint64_t Slice(uint64_t parent, int32_t offset, uint32_t length) {
    return fake_.heap.NewIndirectString(1, testing::kSlicedOneByteString, length, parent, fake_.heap.Smi(offset));
  }
  uint64_t AddressOf(ObjectId id) const { return graph_->index().AddressOf(id) + 1; }

  GraphHeap fake_;
  std::unique_ptr<HeapGraph> graph_;
};

TEST_F(StringsTest, CopiesAreCountedWhateverTheirWidthButGarbageIsNot) {
  const uint64_t first = Text("the same text");
  Hold({first, Text("the same text"), fake_.heap.NewTwoByteString(1, u"the same text"), Text("another text"),
        fake_.heap.NewTwoByteString(1, u"\u6f22 needs two bytes")});
  Text("the same text");  // nothing holds it
  const StringReport report = Analyse();
  ASSERT_EQ(report.duplicates.size(), 1u);
  EXPECT_EQ(report.duplicate_texts, 1u);
  EXPECT_EQ(report.duplicate_copies, 3u);
  const DuplicateText& row = report.duplicates[0];
  EXPECT_EQ(AddressOf(row.example), first);
  EXPECT_EQ(row.count, 3u);
  EXPECT_EQ(row.length, 13u);
  EXPECT_EQ(row.bytes, 32u + 32u + 48u);
  EXPECT_EQ(row.wasted, 112u - 112u / 3);
  EXPECT_EQ(row.copies.count(), 3u);
  // One of the two wide ones would fit.
  EXPECT_EQ(report.wide.count, 1u);
  EXPECT_EQ(report.wide_wasted, 48u - 32u);
  EXPECT_EQ(report.all.count, 5u);
}

TEST_F(StringsTest, WhatSlicesShowIsCountedOnce) {
  const uint64_t alone = Text(std::string(2000, 'a')), needed = Text(std::string(3000, 'b'));
  Hold({Slice(alone, 0, 100), Slice(alone, 50, 100), Slice(alone, 1000, 20), Slice(needed, 10, 13), needed});
  const StringReport report = Analyse();
  EXPECT_EQ(report.sliced_parents, 2u);
  ASSERT_EQ(report.parents.size(), 2u);
  EXPECT_EQ(AddressOf(report.parents[0].parent), alone);
  EXPECT_EQ(report.parents[0].slices, 3u);
  EXPECT_EQ(report.parents[0].used, 170u);
  EXPECT_EQ(report.parents[0].wasted, 1830u);
  EXPECT_TRUE(report.parents[0].only_slices);
  EXPECT_EQ(AddressOf(report.parents[1].parent), needed);
  EXPECT_FALSE(report.parents[1].only_slices);
  EXPECT_EQ(report.slices_wasted, 1830u);
}

TEST_F(StringsTest, AParentThatBecameThinLeadsToItsText) {
  const uint64_t text = Text(std::string(2000, 'c'));
  const uint64_t thin = fake_.heap.NewIndirectString(1, testing::kThinOneByteString, 2000, text, 0);
  Hold({Slice(thin, 100, 50)});
  const StringReport report = Analyse();
  ASSERT_EQ(report.parents.size(), 1u);
  EXPECT_EQ(AddressOf(report.parents[0].parent), text);
  EXPECT_EQ(report.parents[0].used, 50u);
}

TEST_F(StringsTest, ARopeIsToldOnceFromItsTop) {
  uint64_t rope = Text("start of it");
  for (uint32_t i = 0; i < 10; ++i) rope = Cons(rope, Text("part"), 15 + 4 * i);
  const uint64_t empty = fake_.heap.NewString(0, "", testing::kInternalizedOneByte);
  Hold({rope, Cons(Text("was flattened"), empty, 13)});
  const StringReport report = Analyse();
  EXPECT_EQ(report.ropes, 1u);
  EXPECT_EQ(report.flat_conses, 1u);
  ASSERT_EQ(report.longest_ropes.size(), 1u);
  EXPECT_EQ(AddressOf(report.longest_ropes[0].top), rope);
  EXPECT_EQ(report.longest_ropes[0].parts, 10u);
  EXPECT_EQ(report.longest_ropes[0].depth, 10u);
  EXPECT_EQ(report.longest_ropes[0].bytes, 320u);
  EXPECT_FALSE(report.longest_ropes[0].cut);
}

TEST_F(StringsTest, TheLargestComeFirst) {
  Hold({Text(std::string(100, 'x')), Text(std::string(500, 'y')), Text(std::string(300, 'z')), Text("w")});
  const StringReport report = Analyse({.most = 2});
  ASSERT_EQ(report.largest.size(), 2u);
  EXPECT_EQ(report.largest[0].length, 500u);
  EXPECT_EQ(report.largest[0].bytes, 520u);
  EXPECT_EQ(report.largest[1].length, 300u);
}

TEST_F(StringsTest, DamagedStringsAreCountedAndHarmNothing) {
  const uint64_t loop = Cons(0, 0, 100), other = Cons(loop, Text("x"), 200);
  fake_.heap.Set(loop, 16, other);  // a rope that contains itself
  fake_.heap.Set(loop, 24, other);
  const uint64_t thin = fake_.heap.NewIndirectString(1, testing::kThinOneByteString, 9, 0, 0);
  fake_.heap.Set(thin, 16, thin);  // leads to itself
  const uint64_t parent = Text(std::string(1000, 'p'));
  Hold({loop, Cons(other, 0x7e0000001001, 4), thin, Slice(thin, 1, 2), Slice(parent, -5, 10),
        Slice(parent, 900, 0xffffffff), Slice(0x7e0000001001, 0, 5),
        fake_.heap.NewIndirectString(1, testing::kExternalOneByteString, 0xfffffff, 0, 0x7e0000001000)});
  for (const int threads : {1, 2}) {
    const StringReport report = Analyse({}, threads);
    EXPECT_EQ(report.unreadable, 1u);
    EXPECT_EQ(report.sliced_parents, 1u);
    ASSERT_EQ(report.parents.size(), 1u);
    EXPECT_EQ(report.parents[0].used, 100u);  // what the parent has, not what the slice says
  }
}

}  // namespace
}  // namespace corewalk

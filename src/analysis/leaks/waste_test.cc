#include "analysis/leaks/waste.h"

#include "graph/testing/graph_heap.h"
#include "heap/names.h"

namespace corewalk {
namespace {

using testing::GraphHeap;

class WasteTest : public ::testing::Test {
 protected:
  WasteTest() {
    packed_ = fake_.heap.NewMap(0, testing::kJSArrayType, 4);
    SetKind(packed_, 2);
    holey_ = fake_.heap.NewMap(0, testing::kJSArrayType, 4);
    SetKind(holey_, 3);
    number_ = fake_.heap.map_of(testing::kHeapNumberType);
    nothing_ = fake_.heap.root("empty_fixed_array");
    hole_ = fake_.heap.New(0, fake_.heap.map_of(testing::kOddballType), 56);
    fake_.heap.Set(hole_, 16, fake_.heap.NewString(0, "hole", testing::kInternalizedOneByte));
  }
  // Of 13.6: two bits of the Map's bit_field2 come before the kind of the elements.
  void SetKind(uint64_t map, uint8_t kind) {
    fake_.heap.memory().Put(map - 1 + map_offsets::kBitField2, static_cast<uint8_t>(kind << 2));
  }
  uint64_t Array(uint64_t map, uint64_t elements, uint64_t length) {
    const uint64_t array = fake_.heap.New(1, map, 32);
    fake_.heap.Set(array, 8, nothing_);
    fake_.heap.Set(array, 16, elements);
    fake_.heap.Set(array, 24, length);
    return array;
  }
  uint64_t Smi(int32_t value) { return fake_.heap.Smi(value); }
  void Hold(const std::vector<uint64_t>& objects) { fake_.Hold(objects); }
  WasteReport Find(int threads = 2) {
    graph_ = fake_.BuildGraph(threads);
    if (graph_ == nullptr) return {};
    NameResolver names(fake_.heap.memory(), fake_.model->layout());
    HeapReader reader(fake_.heap.memory(), fake_.model->layout(), &names);
    return FindWaste(&reader, *graph_, {}, Cancel(), {});
  }

  GraphHeap fake_;
  std::unique_ptr<HeapGraph> graph_;
  uint64_t packed_ = 0, holey_ = 0, number_ = 0, nothing_ = 0, hole_ = 0;
};

TEST_F(WasteTest, RoomIsWhatIsBehindTheLength) {
  const uint64_t roomy = Array(packed_, fake_.heap.NewArray(1, std::vector<uint64_t>(50, Smi(1))), Smi(20));
  Hold({roomy, Array(packed_, fake_.heap.NewArray(1, std::vector<uint64_t>(5, Smi(1))), Smi(5))});
  Array(packed_, fake_.heap.NewArray(1, std::vector<uint64_t>(500, Smi(1))), Smi(1));  // garbage
  const WasteReport report = Find();
  const WasteCategory& room = report[WasteKind::kArrayRoom];
  EXPECT_EQ(room.count, 1u);
  EXPECT_EQ(room.bytes, 240u);
  ASSERT_EQ(room.largest.size(), 1u);
  EXPECT_EQ(graph_->index().AddressOf(room.largest[0].id()) + 1, roomy);
  EXPECT_EQ(room.largest[0].used, 20u);
  EXPECT_EQ(room.largest[0].room, 50u);
  EXPECT_EQ(report[WasteKind::kEmpty].count, 0u);
}

TEST_F(WasteTest, AnArrayIsHoleyWhenMostOfItIsHoles) {
  std::vector<uint64_t> most(40, hole_), few(40, Smi(1));
  most[3] = most[30] = Smi(7);
  few[5] = hole_;
  Hold({Array(holey_, fake_.heap.NewArray(1, most), Smi(40)), Array(holey_, fake_.heap.NewArray(1, few), Smi(40))});
  const WasteReport report = Find();
  EXPECT_EQ(report[WasteKind::kHoles].count, 1u);
  EXPECT_EQ(report[WasteKind::kHoles].bytes, 38u * 8);
}

TEST_F(WasteTest, EmptyOnesCountWithTheirOwnElements) {
  Hold({Array(packed_, nothing_, Smi(0)),
        Array(packed_, fake_.heap.NewArray(1, std::vector<uint64_t>(17, hole_)), Smi(0))});
  const WasteReport report = Find();
  EXPECT_EQ(report[WasteKind::kEmpty].count, 2u);
  EXPECT_EQ(report[WasteKind::kEmpty].bytes, 32u + 32u + 16u + 17u * 8);
}

TEST_F(WasteTest, NumbersInBoxesAndUnusedSlots) {
  const uint64_t map = fake_.heap.NewMap(1, testing::kJSObjectType, 7);
  fake_.heap.memory().Put(map - 1 + 10, uint8_t{4});                              // three words of seven are unused
  fake_.heap.memory().Put(map - 1 + map_offsets::kBitField3, uint32_t{1} << 10);  // one property
  std::vector<uint64_t> all;
  for (int i = 0; i < 3; ++i) {
    const uint64_t object = fake_.heap.New(1, map, 56);
    fake_.heap.Set(object, 8, nothing_);
    fake_.heap.Set(object, 16, nothing_);
    all.push_back(object);
    all.push_back(fake_.heap.New(1, number_, 16));
  }
  Hold(all);
  const WasteReport report = Find();
  EXPECT_EQ(report[WasteKind::kNumbers].count, 3u);
  EXPECT_EQ(report[WasteKind::kNumbers].bytes, 48u);
  EXPECT_EQ(report[WasteKind::kObjectRoom].count, 3u);
  EXPECT_EQ(report[WasteKind::kObjectRoom].bytes, 3u * 24);
}

TEST_F(WasteTest, DamagedArraysAreNoWaste) {
  const uint64_t lying = fake_.heap.NewArray(1, {Smi(1)});
  fake_.heap.Set(lying, 8, Smi(0x7fffffff));
  Hold({Array(packed_, 0x7e0000001001, Smi(3)), Array(packed_, Smi(1), Smi(-1)), Array(holey_, nothing_, nothing_),
        Array(holey_, fake_.heap.NewString(1, "no elements"), Smi(30)), Array(packed_, lying, Smi(1))});
  for (const int threads : {1, 2}) {
    const WasteReport report = Find(threads);
    EXPECT_EQ(report[WasteKind::kHoles].count, 0u);
    // No more than what there is.
    EXPECT_LT(report.bytes, 1u << 20);
  }
}

}  // namespace
}  // namespace corewalk

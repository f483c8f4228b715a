#include "graph/dispatch_table.h"

#include <gmock/gmock.h>

#include "graph/testing/graph_heap.h"

namespace corewalk {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeHeap;
using ::testing::IsEmpty;
using ::testing::Not;

// 100 functions with indexes from 5000 on, each with a Code of its own and 0 to 6 parameters.
class DispatchTableTest : public ::testing::Test {
 protected:
  static constexpr Address kTable = 0x50000000;
  static constexpr uint64_t kSegment = 0x10000;
  static constexpr uint32_t kFirst = 5000, kCount = 100;
  static constexpr uint64_t kHandleOffset = 32, kParameters = 42;

  DispatchTableTest() {
    for (uint32_t i = 0; i < kCount; ++i) {
      codes_.push_back(graph_.NewOf(testing::kCodeType, {0, 0, 0, 0, 0}));
      functions_.push_back(NewFunction(kFirst + i, i % 7));
    }
  }

  uint64_t NewFunction(uint32_t index, uint16_t parameters) {
    FakeHeap& heap = graph_.heap;
    const uint64_t shared = heap.New(1, heap.map_of(testing::kSharedFunctionInfoType), 64);
    heap.memory().Put(shared - 1 + kParameters, parameters);
    const uint64_t empty = heap.root("empty_fixed_array");
    return graph_.NewOf(testing::kJSFunctionType, {empty, empty, shared, index << 8, heap.Smi(3)});
  }
  // A read-only first segment, of which a core has nothing, and then what `entries` segments need.
  void MapTable(Address base, uint64_t segments = 3) {
    graph_.heap.memory().AddHole(base, kSegment);
    graph_.heap.memory().AddZeros(base + kSegment, segments * kSegment);
  }
  void PutEntry(Address base, uint32_t index, uint64_t code, uint16_t parameters, bool marked = false) {
    graph_.heap.memory().Put(base + 16 * index, uint64_t{0x40001000});
    graph_.heap.memory().Put(base + 16 * index + 8, (code - 1) << 16 | uint64_t{marked} << 16 | parameters);
  }
  void FillTable(Address base, uint16_t more_parameters = 0) {
    for (uint32_t i = 0; i < kCount; ++i)
      PutEntry(base, kFirst + i, codes_[i], static_cast<uint16_t>(i % 7 + more_parameters), i % 2 == 0);
  }
  void ExpectAllCodes() {
    ASSERT_TRUE(graph_.Refer());
    EXPECT_FALSE(graph_.references->code_unknown());
    for (uint32_t i = 0; i < kCount; ++i) ASSERT_THAT(graph_.Targets(functions_[i]), Contains(codes_[i])) << i;
  }
  uint64_t CountEdges() const {
    uint64_t count = 0;
    for (ObjectId id = 0; id < graph_.references->node_count(); ++id)
      graph_.references->ForEach(id, [&](ObjectId) { ++count; });
    return count;
  }

  testing::GraphHeap graph_;
  std::vector<uint64_t> codes_, functions_;
};

TEST_F(DispatchTableTest, FunctionsReferToTheirCode) {
  MapTable(kTable);
  FillTable(kTable);
  ExpectAllCodes();
  EXPECT_EQ(graph_.references->edge_count(), CountEdges());
  EXPECT_EQ(graph_.Targets(functions_[0]).size(), 2u);  // and the SharedFunctionInfo; the rest is read-only
}

TEST_F(DispatchTableTest, AtAnyPageOfAMapping) {
  graph_.heap.memory().AddZeros(kTable - 0x5000, 3 * kSegment + 0x5000);
  FillTable(kTable);
  ExpectAllCodes();
}

TEST_F(DispatchTableTest, FreeAndForeignEntriesGiveNoCode) {
  MapTable(kTable);
  FillTable(kTable);
  const Address free = kTable + uint64_t{16} * (kFirst + 10);
  graph_.heap.memory().Put(free, 0xffff000000000000 | 4711);
  graph_.heap.memory().Put(free + 8, uint64_t{0});
  PutEntry(kTable, kFirst + 11, functions_[11], 4);  // no Code
  PutEntry(kTable, kFirst + 12, codes_[12] + 8, 5);  // inside of one
  const uint64_t far = NewFunction(1 << 23, 1);
  ASSERT_TRUE(graph_.Refer());
  for (const uint64_t function : {functions_[10], functions_[11], functions_[12], far})
    EXPECT_EQ(graph_.Targets(function).size(), 1u);
  EXPECT_THAT(graph_.Targets(functions_[13]), Contains(codes_[13]));
  EXPECT_EQ(graph_.references->edge_count(), CountEdges());
}

TEST_F(DispatchTableTest, ADeadFunctionMayHaveAFreeEntry) {
  graph_.heap.memory().AddZeros(kTable - 0x5000, 3 * kSegment + 0x5000);
  FillTable(kTable);
  // The middle, the last and the first handle are those that the search starts from.
  for (const uint32_t i : {kCount / 2, kCount - 1})
    graph_.heap.memory().Put(kTable + uint64_t{16} * (kFirst + i) + 8, uint64_t{0});
  ASSERT_TRUE(graph_.Refer());
  EXPECT_FALSE(graph_.references->code_unknown());
  EXPECT_THAT(graph_.Targets(functions_[7]), Contains(codes_[7]));
}

TEST_F(DispatchTableTest, WithoutATableThereIsNoCode) {
  const uint64_t empty = graph_.heap.root("empty_fixed_array");
  const uint64_t alone = graph_.NewOf(testing::kJSFunctionType, {empty, empty, empty, kFirst << 8, 0});
  ASSERT_TRUE(graph_.Refer());
  EXPECT_TRUE(graph_.references->code_unknown());
  EXPECT_EQ(graph_.Targets(functions_[0]).size(), 1u);
  EXPECT_THAT(graph_.Targets(alone), IsEmpty());
  EXPECT_EQ(graph_.references->edge_count(), CountEdges());
}

// Dense tables lead to some Code from every index: only the numbers of parameters tell them apart.
TEST_F(DispatchTableTest, AnotherIsolatesTableIsRefused) {
  MapTable(kTable);
  FillTable(kTable, 1);
  for (uint32_t i = 0; i < kCount; i += 3) PutEntry(kTable, kFirst + i, codes_[i], i % 5);
  ASSERT_TRUE(graph_.Refer());
  EXPECT_TRUE(graph_.references->code_unknown());
}

TEST_F(DispatchTableTest, TheRightOneOfTwoIsTaken) {
  for (const Address base : {kTable, kTable + 0x1000000, kTable + 0x2000000}) MapTable(base);
  for (uint32_t i = 0; i < kCount; ++i) {
    PutEntry(kTable, kFirst + i, codes_[(i + 1) % kCount], i * 3 % 7);
    PutEntry(kTable + 0x2000000, kFirst + i, codes_[(i + 1) % kCount], i % 5);
  }
  FillTable(kTable + 0x1000000);
  ExpectAllCodes();
}

TEST_F(DispatchTableTest, FeedbackCellsOnlyKeepTheEntry) {
  MapTable(kTable);
  FillTable(kTable);
  const uint64_t cell = graph_.NewOf(testing::kFeedbackCellType, {functions_[1], kFirst << 8, 0});
  ASSERT_TRUE(graph_.Refer());
  EXPECT_THAT(graph_.Targets(cell), ElementsAre(functions_[1]));
}

TEST_F(DispatchTableTest, TheHandleIsNeitherSmiNorPointer) {
  const auto handle = [](std::initializer_list<uint64_t> words) {
    return DispatchHandleIn(reinterpret_cast<const std::byte*>(words.begin()), 8 * words.size());
  };
  EXPECT_EQ(handle({0x1001, 0x1001, 0x1001, 0x2c7e00, 0x7f0000001001}), 0x2c7e00u);
  EXPECT_EQ(handle({0x1001, 0x1001, 0x1001, 0x7f0000001001, uint64_t{5} << 32, 0x100}), 0x100u);
  EXPECT_EQ(handle({0x1001, 0x1001, 0x1001, 0x7f0000001001, uint64_t{5} << 32, 0, 0x7f0000001001}), 0u);
  EXPECT_EQ(handle({0x1001, 0x100, 0x100}), 0u);
  EXPECT_EQ(handle({}), 0u);
}

TEST_F(DispatchTableTest, FewFunctionsAndCancelledSearchesFindNothing) {
  MapTable(kTable);
  FillTable(kTable);
  ASSERT_TRUE(graph_.Number());
  std::vector<DispatchUse> uses;
  for (uint32_t i = 0; i < kCount; ++i) {
    const uint64_t shared = graph_.heap.memory().ReadWord(functions_[i] - 1 + 24).value_or(0);
    uses.push_back({(kFirst + i) << 8, shared - 1});
  }
  const IsolateHeap& isolate = graph_.model->isolates()[0];
  const std::optional<DispatchTable> table = DispatchTable::Find(*graph_.model, isolate, uses, 0x7fff00, Cancel());
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->base(), kTable);
  EXPECT_EQ(table->CodeOf((kFirst + 1) << 8), codes_[1] - 1);
  EXPECT_EQ(table->CodeOf(0xffffff00), 0u);
  EXPECT_FALSE(DispatchTable::Find(*graph_.model, isolate, std::span(uses).first(3), 0x7fff00, Cancel()).has_value());
  EXPECT_FALSE(DispatchTable::Find(*graph_.model, isolate, uses, 0x800000, Cancel()).has_value());  // a wrong shift
  Cancel cancel;
  cancel.Request();
  EXPECT_FALSE(DispatchTable::Find(*graph_.model, isolate, uses, 0x7fff00, cancel).has_value());
}

}  // namespace
}  // namespace corewalk

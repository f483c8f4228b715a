#include "analysis/histogram.h"

#include <gtest/gtest.h>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

class HistogramTest : public ::testing::Test {
 protected:
  HistogramTest() : layout_(heap_.MakeLayout()), names_(heap_.memory(), layout_) {}

  void Add(uint64_t map, uint64_t count, uint64_t bytes, SpaceKind space = SpaceKind::kOld) {
    ShapeTally tally{.space = space, .count = count, .bytes = bytes, .sample = 0x1000 + count};
    ASSERT_TRUE(ReadMap(heap_.memory(), layout_, map, &tally.map));
    walk_.shapes.push_back(tally);
  }
  Histogram Make(HistogramBy by, HistogramSort sort = HistogramSort::kShallow) {
    return MakeHistogram(walk_.shapes, names_, layout_, by, sort);
  }
  static std::vector<std::string> Names(const Histogram& histogram) {
    std::vector<std::string> names;
    for (const HistogramRow& row : histogram.rows) names.push_back(row.name);
    return names;
  }

  FakeHeap heap_;
  Layout layout_;
  NameResolver names_;
  HeapWalkResult walk_;
};

TEST_F(HistogramTest, GroupsAndSorts) {
  const uint64_t array = heap_.map_of(testing::kFixedArrayType), bytes = heap_.map_of(testing::kByteArrayType);
  const uint64_t object = heap_.NewMap(1, testing::kJSObjectType, 3),
                 other = heap_.NewMap(1, testing::kJSObjectType, 4);
  Add(array, 10, 500);
  Add(bytes, 1, 600, SpaceKind::kNew);
  Add(object, 30, 720);
  Add(other, 5, 160, SpaceKind::kNew);
  const Histogram by_class = Make(HistogramBy::kConstructor);
  EXPECT_EQ(Names(by_class), (std::vector<std::string>{"(array)", "Object"}));
  EXPECT_EQ(by_class.rows[0].count, 11u);
  EXPECT_EQ(by_class.rows[0].bytes, 1100u);
  EXPECT_EQ(by_class.rows[1].count, 35u);
  EXPECT_EQ(by_class.count, 46u);
  EXPECT_EQ(by_class.bytes, 1980u);
  EXPECT_EQ(Names(Make(HistogramBy::kConstructor, HistogramSort::kCount)),
            (std::vector<std::string>{"Object", "(array)"}));
  EXPECT_EQ(Names(Make(HistogramBy::kConstructor, HistogramSort::kName)),
            (std::vector<std::string>{"(array)", "Object"}));
  EXPECT_EQ(Make(HistogramBy::kShape).rows.size(), 4u);
  EXPECT_EQ(Make(HistogramBy::kShape).rows[0].shape, object - 1);
  EXPECT_EQ(Names(Make(HistogramBy::kKind)), (std::vector<std::string>{"array", "object"}));
  EXPECT_EQ(Names(Make(HistogramBy::kSpace)), (std::vector<std::string>{"old_space", "new_space"}));
  EXPECT_EQ(Names(Make(HistogramBy::kType)),
            (std::vector<std::string>{"JS_OBJECT_TYPE", "BYTE_ARRAY_TYPE", "FIXED_ARRAY_TYPE"}));
}

TEST_F(HistogramTest, UnknownTypesHaveANumber) {
  Add(heap_.NewMap(1, testing::kUnknownVariableType, 2), 1, 16);
  EXPECT_EQ(Names(Make(HistogramBy::kType)),
            std::vector<std::string>{"type " + std::to_string(testing::kUnknownVariableType)});
  EXPECT_EQ(Names(Make(HistogramBy::kConstructor)), std::vector<std::string>{"(hidden)"});
}

// A class of the program may bear the name of an engine kind.
TEST_F(HistogramTest, ClassesNamedLikeEngineKindsStayApart) {
  const uint64_t map = heap_.NewMap(1, testing::kJSObjectType, 3);
  const uint64_t function = heap_.New(1, heap_.NewMap(1, testing::kJSFunctionType, 8), 64);
  const uint64_t shared = heap_.New(1, heap_.map_of(testing::kSharedFunctionInfoType), 64);
  heap_.Set(shared, 16, heap_.NewString(1, "(array)"));
  heap_.Set(function, 24, shared);
  heap_.Set(map, map_offsets::kConstructorOrBackPointer, function);
  heap_.memory().Put(map - 1 + map_offsets::kBitField2, uint8_t{1});
  Add(map, 1, 24);
  Add(heap_.map_of(testing::kFixedArrayType), 1, 16);
  EXPECT_EQ(Names(Make(HistogramBy::kConstructor)), (std::vector<std::string>{"(array)", "(array)"}));
}

TEST_F(HistogramTest, EqualRowsKeepOneOrder) {
  const uint64_t a = heap_.NewMap(1, testing::kJSObjectType, 3), b = heap_.NewMap(1, testing::kJSObjectType, 3);
  Add(b, 1, 24);
  Add(a, 1, 24);
  const Histogram histogram = Make(HistogramBy::kShape);
  EXPECT_EQ(histogram.rows[0].shape, a - 1);
  EXPECT_EQ(histogram.rows[1].shape, b - 1);
}

TEST_F(HistogramTest, Empty) {
  EXPECT_TRUE(Make(HistogramBy::kConstructor).rows.empty());
}

}  // namespace
}  // namespace corewalk

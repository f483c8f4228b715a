// What objects are to V8's snapshots, what that makes of dominators, and references in machine code.
#include "graph/node_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/dominators.h"
#include "graph/machine_code.h"
#include "graph/testing/graph_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;
using testing::GraphHeap;
using ::testing::ElementsAre;

class NodeKindsTest : public ::testing::Test {
 protected:
  // A Map on page 1 with a descriptor array of one accessor under a symbol.
  struct Shape {
    uint64_t map, descriptors, key, pair, getter, prototype, constructor;
  };
  Shape NewShape() {
    FakeHeap& heap = graph_.heap;
    Shape shape{};
    shape.map = heap.NewMap(1, testing::kJSObjectType, 4);
    shape.key = heap.New(1, heap.map_of(testing::kSymbolType), 32);
    shape.getter = graph_.NewOf(testing::kJSObjectType, {0, 0});
    shape.prototype = graph_.NewOf(testing::kJSObjectType, {0, 0});
    shape.constructor = graph_.NewOf(testing::kJSObjectType, {0, 0});
    shape.pair = graph_.NewOf(testing::kAccessorPairType, {shape.getter, 0});
    shape.descriptors = heap.New(1, heap.map_of(testing::kDescriptorArrayType), 24 + 24);
    heap.memory().Put(shape.descriptors - 1 + 8, uint16_t{1});
    heap.Set(shape.descriptors, 24, shape.key);
    heap.Set(shape.descriptors, 40, shape.pair);
    heap.Set(shape.map, 24, shape.prototype);
    heap.Set(shape.map, 32, shape.constructor);
    heap.Set(shape.map, 40, shape.descriptors);
    return shape;
  }
  bool Has(const NodeSet& set, uint64_t object) const { return set.Has(graph_.Id(object)); }

  GraphHeap graph_{false};
};

TEST_F(NodeKindsTest, ShapesAreThoseOfObjects) {
  const Shape used = NewShape(), unused = NewShape();
  graph_.heap.New(1, used.map, 32);
  ASSERT_TRUE(graph_.Refer());
  const NodeKinds& kinds = graph_.references->kinds();
  EXPECT_TRUE(Has(kinds.shapes, used.map));
  EXPECT_TRUE(Has(kinds.shapes, used.descriptors));
  EXPECT_TRUE(Has(kinds.shapes, used.pair));
  EXPECT_FALSE(Has(kinds.shapes, unused.map));
  EXPECT_FALSE(Has(kinds.shapes, unused.descriptors));
  EXPECT_FALSE(Has(kinds.shapes, used.prototype));
  for (const uint64_t part : {used.key, used.constructor, used.descriptors}) EXPECT_TRUE(Has(kinds.shape_parts, part));
  for (const uint64_t value : {used.prototype, used.pair, used.getter}) EXPECT_FALSE(Has(kinds.shape_parts, value));
}

TEST_F(NodeKindsTest, TheInitialMapOfAFunctionIsRemembered) {
  FakeHeap& heap = graph_.heap;
  const Shape shape = NewShape();
  const uint64_t function_map = heap.NewMap(1, testing::kJSFunctionType, 8);
  heap.memory().Put(function_map - 1 + map_offsets::kInstanceType + 2, uint8_t{1 << 7});  // has a prototype slot
  const uint64_t function = heap.New(1, function_map, 64);
  heap.Set(function, 56, shape.map);
  const uint64_t plain = heap.New(1, function_map, 64);
  heap.Set(plain, 56, shape.prototype);  // a prototype without a Map of instances
  ASSERT_TRUE(graph_.Refer());
  const std::vector<InitialMap>& maps = graph_.references->kinds().initial_maps;
  ASSERT_EQ(maps.size(), 1);
  EXPECT_EQ(maps[0].function, graph_.index->At(function));
  EXPECT_EQ(maps[0].map, graph_.index->At(shape.map));
  EXPECT_FALSE(Has(graph_.references->kinds().shapes, shape.descriptors));
}

TEST_F(NodeKindsTest, StoresAreWhatObjectsHave) {
  FakeHeap& heap = graph_.heap;
  const uint64_t map = heap.NewMap(1, testing::kJSObjectType, 3);
  const uint64_t value = heap.NewArray(1, {heap.Smi(1)});
  const uint64_t elements = heap.NewArray(1, {value}), other = heap.NewArray(1, {value});
  const uint64_t key = heap.New(1, heap.map_of(testing::kSymbolType), 32);
  // elements, deleted, capacity, two words in front of the entries, one entry
  const uint64_t dictionary = heap.NewArray(
      1, {heap.Smi(1), heap.Smi(0), heap.Smi(1), heap.Smi(0), heap.Smi(0), key, value, heap.Smi(0)}, testing::kNameDictionaryType);
  const uint64_t object = heap.New(1, map, 24);
  heap.Set(object, 8, dictionary);
  heap.Set(object, 16, elements);
  ASSERT_TRUE(graph_.Refer());
  const NodeKinds& kinds = graph_.references->kinds();
  EXPECT_TRUE(Has(kinds.stores, elements));
  EXPECT_TRUE(Has(kinds.stores, dictionary));
  EXPECT_FALSE(Has(kinds.stores, other));
  EXPECT_TRUE(Has(kinds.store_parts, key));
  EXPECT_FALSE(Has(kinds.store_parts, value));
}

TEST(HoistFromPartsTest, ValuesGoToTheObjectAndPartsStay) {
  // 0 object, 1 its dictionary, 2 a cell in it, 3 the cell's value, 4 its name; 5 Map, 6 descriptors, 7 accessors, 8 getter,
  // 9 key; 10 a value of an array that is no part
  NodeKinds kinds{NodeSet(11), NodeSet(11), NodeSet(11), NodeSet(11), NodeSet(11)};
  for (const ObjectId store : {1, 2}) kinds.stores.Add(store);
  for (const ObjectId shape : {5, 6, 7}) kinds.shapes.Add(shape);
  for (const ObjectId part : {2, 4}) kinds.store_parts.Add(part);
  for (const ObjectId part : {5, 6, 9}) kinds.shape_parts.Add(part);
  std::vector<ObjectId> dominators = {11, 0, 1, 2, 2, 0, 5, 6, 7, 6, 9};
  HoistFromParts(kinds, dominators);
  EXPECT_THAT(dominators, ElementsAre(11, 0, 1, 0, 2, 0, 5, 0, 0, 6, 9));
}

TEST(HoistFromPartsTest, InitialMapsArePassedOverButWhereTheyHoldTheFunction) {
  // 0 context, 1 Map, 2 its prototype, 3 the constructor, held by the prototype; 4 Map, 5 its prototype, 6 a function that
  // the context holds as well
  NodeKinds kinds{NodeSet(7), NodeSet(7), NodeSet(7), NodeSet(7), NodeSet(7), {{3, 1}, {6, 4}}};
  kinds.stores.Add(6);  // any, so that the sets are not empty
  std::vector<ObjectId> dominators = {7, 0, 1, 2, 0, 4, 0};
  PassOverInitialMaps(dominators, &kinds);
  EXPECT_FALSE(kinds.shapes.Has(1));
  EXPECT_TRUE(kinds.shapes.Has(4));
  HoistFromParts(kinds, dominators);
  EXPECT_THAT(dominators, ElementsAre(7, 0, 1, 2, 0, 0, 0));
}

TEST(MachineCodeTest, ConstantsOfMovInstructions) {
  const auto code = [](std::initializer_list<int> bytes) {
    std::vector<std::byte> result;
    for (const int byte : bytes) result.push_back(static_cast<std::byte>(byte));
    return result;
  };
  std::vector<uint64_t> found;
  const auto collect = [&](const std::vector<std::byte>& bytes) {
    found.clear();
    ForEachEmbeddedPointer(bytes, [&](uint64_t word) { found.push_back(word); });
    return found;
  };
  // mov rcx, and mov r12, each with the address of an object; a Smi, and an address that is not tagged, are none.
  EXPECT_THAT(collect(code({0x90, 0x48, 0xb9, 0x11, 0xaa, 0xcf, 0x3c, 0x8f, 0x14, 0, 0,  //
                            0x49, 0xbc, 0x21, 0, 0, 0x40, 0, 0x20, 0, 0})),
              ElementsAre(0x148f3ccfaa11, 0x200040000021));
  EXPECT_THAT(collect(code({0x48, 0xb8, 0, 0, 0, 0, 0x18, 0, 0, 0, 0x48, 0xb8, 0x10, 0xaa, 0xcf, 0x3c, 0x8f, 0x14, 0, 0})),
              ElementsAre());
  // Cut off at the end of the code.
  EXPECT_THAT(collect(code({0x48, 0xb9, 0x11, 0xaa, 0xcf, 0x3c, 0x8f, 0x14, 0})), ElementsAre());
  EXPECT_THAT(collect({}), ElementsAre());
}

}  // namespace
}  // namespace corewalk

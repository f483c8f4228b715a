#include "heap/names.h"

#include <gtest/gtest.h>

#include <chrono>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

constexpr uint8_t kNewTargetIsBase = 1;       // Map::bit_field2, V8 7.7 to 14.6
constexpr uint32_t kDictionaryMap = 1 << 21;  // Map::bit_field3
constexpr uint32_t kDescriptorConstant = 2;   // PropertyDetails: data, in the descriptor

class NamesTest : public ::testing::Test {
 protected:
  NamesTest() {
    function_map_ = heap_.NewMap(1, testing::kJSFunctionType, 8);
    to_string_tag_ = heap_.New(1, heap_.map_of(testing::kSymbolType), 32);
    heap_.Set(to_string_tag_, 16, heap_.NewString(1, "Symbol.toStringTag"));
    constructor_ = heap_.NewString(1, "constructor", testing::kInternalizedOneByte);
  }
  uint64_t NewFunction(uint64_t name) {
    const uint64_t shared = heap_.New(1, heap_.map_of(testing::kSharedFunctionInfoType), 64);
    heap_.Set(shared, 16, name);
    const uint64_t function = heap_.New(1, function_map_, 64);
    heap_.Set(function, 24, shared);
    return function;
  }
  uint64_t NewObjectMap(uint64_t prototype = 0, uint64_t constructor = 0, uint8_t bits2 = 0) {
    const uint64_t map = heap_.NewMap(1, testing::kJSObjectType, 3);
    heap_.Set(map, map_offsets::kPrototype, prototype);
    heap_.Set(map, map_offsets::kConstructorOrBackPointer, constructor);
    heap_.memory().Put(map - 1 + map_offsets::kBitField2, bits2);
    return map;
  }
  // Constants that stand in the descriptors of `map`.
  void Describe(uint64_t map, const std::vector<std::pair<uint64_t, uint64_t>>& properties) {
    const uint64_t array = heap_.New(1, heap_.map_of(testing::kDescriptorArrayType), 24 + 24 * properties.size());
    heap_.memory().Put(array - 1 + 8, static_cast<uint16_t>(properties.size()));
    for (size_t i = 0; i < properties.size(); ++i) {
      heap_.Set(array, 24 + 24 * i, properties[i].first);
      heap_.Set(array, 32 + 24 * i, heap_.Smi(kDescriptorConstant));
      heap_.Set(array, 40 + 24 * i, properties[i].second);
    }
    heap_.Set(map, 40, array);
    heap_.memory().Put(map - 1 + map_offsets::kBitField3, static_cast<uint32_t>(properties.size() << 10));
  }
  uint64_t NewDictionaryObject(const std::vector<std::pair<uint64_t, uint64_t>>& properties, int32_t capacity = -1) {
    const uint64_t map = NewObjectMap();
    heap_.memory().Put(map - 1 + map_offsets::kBitField3, kDictionaryMap);
    std::vector<uint64_t> elements = {
        heap_.Smi(1), 0, heap_.Smi(capacity >= 0 ? capacity : static_cast<int32_t>(properties.size())), 0, 0};
    for (const auto& [key, value] : properties) {
      elements.insert(elements.end(), {key, value, heap_.Smi(0)});
    }
    const uint64_t object = heap_.New(1, map, 24);
    heap_.Set(object, 8, heap_.NewArray(1, elements, testing::kNameDictionaryType));
    return object;
  }
  std::string NameOf(uint64_t map, uint64_t sample = 1) {
    const Layout layout = heap_.MakeLayout();
    NameResolver names(heap_.memory(), layout);
    MapInfo info;
    EXPECT_TRUE(ReadMap(heap_.memory(), layout, map, &info));
    return names.ClassName(info, sample - 1);
  }
  std::vector<std::string> PropertiesOf(uint64_t object) {
    const Layout layout = heap_.MakeLayout();
    NameResolver names(heap_.memory(), layout);
    MapInfo info;
    EXPECT_TRUE(ReadMap(heap_.memory(), layout, *heap_.memory().ReadWord(object - 1), &info));
    return names.PropertyNames(info, object - 1);
  }
  std::string FunctionName(uint64_t function) {
    const Layout layout = heap_.MakeLayout();
    return NameResolver(heap_.memory(), layout).FunctionName(function);
  }

  FakeHeap heap_;
  uint64_t function_map_ = 0;
  uint64_t to_string_tag_ = 0;
  uint64_t constructor_ = 0;
};

TEST_F(NamesTest, ConstructorOfTheMap) {
  const uint64_t session = NewFunction(heap_.NewString(1, "Session"));
  EXPECT_EQ(NameOf(NewObjectMap(0, session, kNewTargetIsBase)), "Session");
  // Through back pointers of the transition tree.
  const uint64_t root = NewObjectMap(0, session, kNewTargetIsBase);
  EXPECT_EQ(NameOf(NewObjectMap(0, NewObjectMap(0, root), kNewTargetIsBase)), "Session");
  EXPECT_EQ(NameOf(NewObjectMap(0, NewFunction(heap_.NewString(1, "Object")), kNewTargetIsBase)), "Object");
  EXPECT_EQ(NameOf(function_map_), "Function");
}

// The process died while its collector moved the constructor and its name: references still lead to the old places.
TEST_F(NamesTest, AConstructorThatIsBeingMoved) {
  const uint64_t name = heap_.NewString(1, "Session");
  const uint64_t function = NewFunction(name);
  const uint64_t map = NewObjectMap(0, function, kNewTargetIsBase);
  const uint64_t moved_name = heap_.NewString(1, "Session"), moved = NewFunction(name);
  heap_.Set(name, 0, moved_name - 1);
  heap_.Set(function, 0, moved - 1);
  EXPECT_EQ(NameOf(map), "Session");
}

TEST_F(NamesTest, ConstructorOfThePrototype) {
  const uint64_t prototype_map = NewObjectMap();
  Describe(prototype_map, {{constructor_, NewFunction(heap_.NewString(1, "Child"))}});
  EXPECT_EQ(NameOf(NewObjectMap(heap_.New(1, prototype_map, 24))), "Child");
  const uint64_t slow =
      NewDictionaryObject({{heap_.NewString(1, "other"), 0}, {constructor_, NewFunction(heap_.NewString(1, "Slow"))}});
  EXPECT_EQ(NameOf(NewObjectMap(slow)), "Slow");
}

TEST_F(NamesTest, ToStringTag) {
  const uint64_t map = NewObjectMap();
  Describe(map, {{to_string_tag_, heap_.NewString(1, "Tagged")}});
  EXPECT_EQ(NameOf(map), "Tagged");
  EXPECT_EQ(NameOf(NewObjectMap(heap_.New(1, map, 24))), "Tagged");
}

TEST_F(NamesTest, PrototypeChainsWithCyclesEnd) {
  const auto begin = std::chrono::steady_clock::now();
  const uint64_t self_map = NewObjectMap();
  heap_.Set(self_map, map_offsets::kPrototype, heap_.New(1, self_map, 24));
  EXPECT_EQ(NameOf(self_map), "Object");
  const uint64_t a = NewObjectMap(), b = NewObjectMap();
  heap_.Set(a, map_offsets::kPrototype, heap_.New(1, b, 24));
  heap_.Set(b, map_offsets::kPrototype, heap_.New(1, a, 24));
  EXPECT_EQ(NameOf(a), "Object");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(NamesTest, BackPointersWithCyclesEnd) {
  const uint64_t map = NewObjectMap(0, 0, kNewTargetIsBase);
  heap_.Set(map, map_offsets::kConstructorOrBackPointer, map);
  EXPECT_EQ(NameOf(map), "Object");
}

TEST_F(NamesTest, DictionaryWithAbsurdCapacity) {
  const uint64_t key = heap_.NewString(1, "key");
  for (int32_t capacity : {0x7fffffff, 1 << 22, 3, 0}) {
    const uint64_t object = NewDictionaryObject({{key, 0}, {key, 0}}, capacity);
    EXPECT_LE(PropertiesOf(object).size(), 2u);
    EXPECT_EQ(NameOf(NewObjectMap(object)), "Object");
  }
  EXPECT_EQ(PropertiesOf(NewDictionaryObject({{key, 0}})), std::vector<std::string>{"key"});
  // No array behind the object at all.
  const uint64_t map = NewObjectMap();
  heap_.memory().Put(map - 1 + map_offsets::kBitField3, kDictionaryMap);
  for (uint64_t word : {uint64_t{0}, uint64_t{0x7f0000000001}, heap_.Smi(3)}) {
    const uint64_t object = heap_.New(1, map, 24);
    heap_.Set(object, 8, word);
    EXPECT_TRUE(PropertiesOf(object).empty());
  }
}

TEST_F(NamesTest, DescriptorsThatDoNotExist) {
  const uint64_t map = NewObjectMap();
  heap_.Set(map, 40, uint64_t{0x7f0000000001});
  heap_.memory().Put(map - 1 + map_offsets::kBitField3, ~kDictionaryMap);
  EXPECT_EQ(NameOf(map), "Object");
  EXPECT_LE(PropertiesOf(heap_.New(1, map, 24)).size(), 1020u);
}

TEST_F(NamesTest, FunctionNameInScopeInfo) {
  // V8 9.4: flags, parameters, locals; no locals; then the function variable's name and slot, the inferred name.
  const uint64_t scope = heap_.New(1, heap_.map_of(testing::kScopeInfoType), 56);
  heap_.Set(scope, 8, heap_.Smi(1 << 12));
  heap_.Set(scope, 32, heap_.NewString(1, "inScope"));
  EXPECT_EQ(FunctionName(NewFunction(scope)), "inScope");
  const uint64_t inferred = heap_.New(1, heap_.map_of(testing::kScopeInfoType), 56);
  heap_.Set(inferred, 8, heap_.Smi(1 << 14));
  heap_.Set(inferred, 32, heap_.NewString(1, "Inferred"));
  EXPECT_EQ(FunctionName(NewFunction(inferred)), "Inferred");
  for (int32_t locals : {-1, 0x7fffffff, 1 << 24}) {
    heap_.Set(scope, 24, heap_.Smi(locals));
    EXPECT_EQ(FunctionName(NewFunction(scope)), "");
  }
}

TEST_F(NamesTest, WhatIsNoFunction) {
  for (uint64_t word : {uint64_t{0}, heap_.Smi(1), uint64_t{0x7f0000000001}, heap_.NewArray(1, {})}) {
    EXPECT_EQ(FunctionName(word), "");
  }
}

}  // namespace
}  // namespace corewalk

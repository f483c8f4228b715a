#include "heap/views/properties.h"

#include "heap/testing/view_test.h"

namespace corewalk {
namespace {

using testing::FakeObjects;

class PropertiesTest : public testing::ViewTest {
 protected:
  std::vector<OwnProperty> Properties(uint64_t object, bool whole = true) {
    std::vector<OwnProperty> found;
    EXPECT_EQ(ForEachProperty(*reader_, object, [&](const OwnProperty& p) { return found.push_back(p), true; }), whole);
    return found;
  }
  std::vector<OwnProperty> Elements(uint64_t object, bool whole = true) {
    std::vector<OwnProperty> found;
    EXPECT_EQ(ForEachElement(*reader_, object, [&](const OwnProperty& p) { return found.push_back(p), true; }), whole);
    return found;
  }
  // "name=7 other=1.5 ..."; what is no number is its type.
  std::string Text(const std::vector<OwnProperty>& properties) {
    std::string text;
    for (const OwnProperty& p : properties) {
      if (!text.empty()) text += ' ';
      text += p.key != 0 ? ReadKey(*reader_, p.key).text : std::to_string(p.index);
      text += !p.readable ? "=?" : p.native ? "=native" : p.accessor ? "=accessor" : "=" + Value(p);
    }
    return text;
  }
  std::string Value(const OwnProperty& p) {
    char text[32];
    if (p.raw_double || IsSmi(p.value)) {
      std::snprintf(text, sizeof(text), "%g", p.raw_double ? *p.raw_double : static_cast<double>(SmiValue(p.value)));
      return text;
    }
    return reader_->IsString(p.value) ? reader_->ShortText(p.value) : std::string(reader_->TypeOf(p.value));
  }
  uint8_t Kind(int behind_dictionary) const { return static_cast<uint8_t>(heap_.facts().dictionary_elements + behind_dictionary); }
};

TEST_P(PropertiesTest, Fast) {
  const std::vector<OwnProperty> found = Properties(testing::zoo::FastObject(heap_));
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found[0].value, Smi(7));
  EXPECT_TRUE(found[1].double_field);
  EXPECT_EQ(found[1].raw_double.has_value(), heap_.facts().unboxed_doubles);
  EXPECT_EQ(found[1].raw_double.value_or(1.5), 1.5);
  EXPECT_TRUE(found[2].dont_enum);
  EXPECT_FALSE(found[2].read_only || found[2].dont_delete);
  EXPECT_TRUE(ReadKey(*reader_, found[2].key).symbol);
  EXPECT_TRUE(found[3].accessor);
  EXPECT_FALSE(found[3].native);
  EXPECT_EQ(found[3].setter, heap_.null());
  EXPECT_EQ(reader_->ShortText(found[4].value), "text");
  EXPECT_EQ(reader_->TypeOf(found[5].value), "JS_OBJECT_TYPE");
  EXPECT_EQ(OwnValue(*reader_, heap_.Object({{.key = heap_.String("a"), .value = Smi(3)}}), "a"), Smi(3));
  EXPECT_TRUE(Properties(heap_.Object({})).empty());
}

TEST_P(PropertiesTest, PropertyArrayWithAHash) {
  const uint64_t object = heap_.Object({{.key = heap_.String("a"), .value = Smi(1)}, {.key = heap_.String("b"), .value = Smi(2)}}, 0);
  const uint64_t array = heap_.Get(object, 8);
  heap_.Set(array, 8, Smi(2 | 12345 << 10));
  EXPECT_EQ(Text(Properties(object)), "a=1 b=2");
  EXPECT_EQ(reader_->ArrayLength(array), 2u);
}

TEST_P(PropertiesTest, WhatLiesBeyondItsArraysIsNotInvented) {
  const uint64_t object = heap_.Object({{.key = heap_.String("a"), .value = Smi(1)}, {.key = heap_.String("b"), .value = Smi(2)}}, 1);
  heap_.Array({Smi(77), Smi(78)});  // a neighbour
  heap_.Set(heap_.Get(object, 8), 8, Smi(0));
  EXPECT_EQ(Text(Properties(object)), "a=1 b=?");
  const uint64_t map = heap_.Get(object, 0);
  heap_.Raw(map, map_offsets::kBitField3, uint32_t{9} << 10);
  NewReader();
  EXPECT_EQ(Text(Properties(object, false)), "a=1 b=?");
}

TEST_P(PropertiesTest, Dictionary) {
  const std::vector<OwnProperty> found = Properties(testing::zoo::SlowObject(heap_));
  EXPECT_EQ(Text(found), "first=1 second=two =accessor");
  EXPECT_TRUE(found[1].read_only);
  EXPECT_FALSE(ReadKey(*reader_, found[2].key).described);
}

TEST_P(PropertiesTest, Global) {
  const uint64_t object = testing::zoo::GlobalObject(heap_);
  EXPECT_EQ(Text(Properties(object)), "a=1 b=2");
}

TEST_P(PropertiesTest, Keys) {
  const KeyText name = ReadKey(*reader_, heap_.String("name"));
  EXPECT_EQ(name.text, "name");
  EXPECT_FALSE(name.symbol || name.is_private);
  const KeyText secret = ReadKey(*reader_, heap_.Symbol(heap_.String("#x"), 1));
  EXPECT_TRUE(secret.symbol && secret.is_private && secret.described);
  EXPECT_FALSE(ReadKey(*reader_, Smi(1)).valid);
  EXPECT_FALSE(ReadKey(*reader_, heap_.Symbol(Smi(5))).whole);
}

TEST_P(PropertiesTest, Elements) {
  EXPECT_EQ(Text(Elements(testing::zoo::TaggedArray(heap_))), "0=1 2=c");
  EXPECT_EQ(Text(Elements(testing::zoo::DoubleArray(heap_))), "0=0.5 2=-0");
  EXPECT_EQ(Text(Elements(testing::zoo::DictionaryArray(heap_))), "2=20 4000000000=far");
  EXPECT_EQ(Text(Elements(testing::zoo::SloppyArguments(heap_))), "0=aliased 1=5");
  EXPECT_TRUE(Elements(heap_.JSArray(4, heap_.empty_array(), Smi(0))).empty());
  // More length than elements: the elements are told, and that there should be more.
  EXPECT_EQ(Text(Elements(heap_.JSArray(2, heap_.Array({Smi(1)}), Smi(5)), false)), "0=1");
  EXPECT_TRUE(Elements(heap_.JSArray(2, heap_.Array({Smi(1)}), Smi(-1)), false).empty());
  EXPECT_TRUE(Elements(heap_.JSArray(2, heap_.Array({Smi(1)}), heap_.HeapNumber(std::nan(""))), false).empty());
}

TEST_P(PropertiesTest, FrozenElements) {
  const auto frozen = static_cast<uint8_t>(heap_.facts().dictionary_elements >= 12 ? 10 : 6);
  const std::vector<OwnProperty> found = Elements(heap_.JSArray(frozen, heap_.Array({Smi(1)}), Smi(1)));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].read_only && found[0].dont_delete);
  const std::vector<OwnProperty> sealed = Elements(heap_.JSArray(8, heap_.Array({Smi(1)}), Smi(1)));
  ASSERT_EQ(sealed.size(), 1u);
  EXPECT_TRUE(!sealed[0].read_only && sealed[0].dont_delete);
}

TEST_P(PropertiesTest, ArgumentsThatAliasOutsideTheirContext) {
  for (const int64_t slot : {-1, 5, 1 << 20}) {
    const uint64_t object = testing::zoo::SloppyArguments(heap_);
    heap_.Set(heap_.Get(object, 16), 32, Smi(slot));
    EXPECT_EQ(Text(Elements(object)), "0=? 1=5") << slot;
  }
}

TEST_P(PropertiesTest, StopsWhenTold) {
  int count = 0;
  EXPECT_TRUE(ForEachProperty(*reader_, testing::zoo::FastObject(heap_), [&](const OwnProperty&) { return ++count < 2; }));
  EXPECT_EQ(count, 2);
}

INSTANTIATE_TEST_SUITE_P(Lines, PropertiesTest, ::testing::ValuesIn(testing::kTestedLines), testing::LineName);

}  // namespace
}  // namespace corewalk

#include "layout/layout_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace corewalk {
namespace {

TEST(LayoutTablesTest, RiseByVersionAndAreFoundByTheirLineOnly) {
  V8Version before;
  for (const LayoutTable* table : LayoutTables()) {
    EXPECT_LT(before, table->from);
    before = table->from;
    EXPECT_EQ(FindLayoutTable(table->from), table) << table->from.ToString();
  }
  EXPECT_EQ(FindLayoutTable({8, 2, 0, 0}), nullptr);
  EXPECT_EQ(FindLayoutTable({99, 0, 0, 0}), nullptr);
  EXPECT_EQ(FindLayoutTable({}), nullptr);
}

TEST(LayoutTablesTest, ALineThatChangedInsideHasATablePerPart) {
  EXPECT_EQ(FindLayoutTable({7, 8, 279, 17}), &kV8_7_8);
  EXPECT_EQ(FindLayoutTable({7, 8, 279, 23}), &kV8_7_8_279_23);
  EXPECT_EQ(FindLayoutTable({7, 8, 300, 0}), &kV8_7_8_279_23);
}

TEST(LayoutTablesTest, HoldWhatNamesAndSizesNeed) {
  for (const LayoutTable* table : LayoutTables()) {
    const std::string line = table->from.ToString();
    std::set<LayoutConstant> constants;
    for (const LayoutTable::Constant& constant : table->constants) {
      EXPECT_TRUE(constants.insert(constant.id).second) << line << " twice " << constant.value;
    }
    using enum LayoutConstant;
    for (const LayoutConstant id :
         {kFirstNonstringType, kFirstContextType, kLastContextType, kMapDescriptors, kBitField3IsDictionaryShift,
          kPropKindMask, kPropIndexShift, kNameDictionaryPrefixSize, kFunctionShared, kSharedName}) {
      EXPECT_TRUE(constants.contains(id)) << line << " lacks constant " << static_cast<int>(id);
    }
    InstanceTypes types;
    int before = -1;
    for (const LayoutTable::Type& type : table->types) {
      EXPECT_GT(type.number, before) << line << " " << type.name;
      EXPECT_LT(type.number, InstanceTypes::kCount) << line << " " << type.name;
      before = type.number;
      types.Name(type.number, std::string(type.name) + "_TYPE", LayoutSource::kTable);
    }
    for (const char* name : {"MAP", "FIXED_ARRAY", "BYTE_ARRAY", "BYTECODE_ARRAY", "FREE_SPACE", "FILLER", "CODE",
                             "DESCRIPTOR_ARRAY", "PROPERTY_ARRAY", "SHARED_FUNCTION_INFO", "SCOPE_INFO", "JS_PROXY",
                             "JS_FUNCTION", "JS_OBJECT", "JS_ARRAY", "JS_ARRAY_BUFFER", "WEAK_ARRAY_LIST"}) {
      EXPECT_GE(types.Number(std::string(name) + "_TYPE"), 0) << line << " lacks " << name;
    }
  }
}

}  // namespace
}  // namespace corewalk

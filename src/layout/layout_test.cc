#include "layout/layout.h"

#include <gtest/gtest.h>

#include "layout/binary_facts.h"
#include "layout/scope_info_shape.h"

namespace corewalk {
namespace {

TEST(V8Version, Parse) {
  EXPECT_EQ(ParseV8Version("12.4.254.21-node.33"), (V8Version{12, 4, 254, 21}));
  EXPECT_EQ(ParseV8Version("7.4.288.13"), (V8Version{7, 4, 288, 13}));
  for (const char* text :
       {"", "12", "12.4", "12.4.254", "a.b.c.d", "-1.2.3.4", "0.1.2.3", "1..2.3", "99999999999.1.2.3", "1.2.3.-4"}) {
    EXPECT_FALSE(ParseV8Version(text).has_value()) << text;
  }
  EXPECT_TRUE((V8Version{9, 4, 1, 2}.SameLine({9, 4, 146, 26})));
  EXPECT_FALSE(V8Version{}.known());
}

TEST(SizeRules, EveryKindHasAName) {
  for (size_t kind = 0; kind < static_cast<size_t>(SizeKind::kCount); ++kind) {
    EXPECT_FALSE(SizeKindName(static_cast<SizeKind>(kind)).empty());
    for (const SizeRuleCandidate& candidate : SizeRuleCandidates(static_cast<SizeKind>(kind))) {
      EXPECT_EQ(candidate.kind, static_cast<SizeKind>(kind));
      EXPECT_LE(candidate.first, candidate.last);
      EXPECT_NE(candidate.rule.align, 0);
    }
  }
}

TEST(SizeRules, KindOfType) {
  EXPECT_EQ(SizeKindOfType("FIXED_ARRAY_TYPE"), SizeKind::kArray);
  EXPECT_EQ(SizeKindOfType("BIGINT_TYPE"), SizeKind::kBigInt);           // the first entry
  EXPECT_EQ(SizeKindOfType("WEAK_FIXED_ARRAY_TYPE"), SizeKind::kArray);  // the last
  EXPECT_EQ(SizeKindOfType("ARRAY_LIST_TYPE"), SizeKind::kArrayList);
  EXPECT_EQ(SizeKindOfType(""), SizeKind::kUnknown);
  EXPECT_EQ(SizeKindOfType("zzz"), SizeKind::kUnknown);
}

TEST(InstanceTypes, NamesAndCategories) {
  InstanceTypes types;
  types.Name(200, "MAP_TYPE", LayoutSource::kBinary);
  types.Name(200, "OTHER_TYPE", LayoutSource::kTable);  // the first source wins
  types.Name(201, "FREE_SPACE_TYPE", LayoutSource::kTable);
  types.Name(1024, "JS_PROXY_TYPE", LayoutSource::kTable);
  types.Name(1057, "JS_OBJECT_TYPE", LayoutSource::kTable);
  types.Name(1070, "JS_FUNCTION_TYPE", LayoutSource::kTable);
  types.Name(1071, "JS_PROMISE_CONSTRUCTOR_TYPE", LayoutSource::kTable);
  types.Name(70000, "OUT_OF_RANGE_TYPE", LayoutSource::kTable);
  types.Finish(128, 210, 215);
  EXPECT_TRUE(types.IsMap(200));
  EXPECT_EQ(types.at(200).source, LayoutSource::kBinary);
  EXPECT_EQ(types.at(201).category, Category::kFree);
  EXPECT_EQ(types.at(1057).category, Category::kObject);
  EXPECT_EQ(types.at(1070).category, Category::kClosure);
  EXPECT_EQ(types.at(1071).category, Category::kClosure);
  EXPECT_EQ(types.at(212).category, Category::kContext);
  EXPECT_EQ(types.at(212).size_kind, SizeKind::kContext);
  EXPECT_EQ(types.at(0x28).category, Category::kString);
  EXPECT_EQ(types.at(0x29).category, Category::kConsString);
  EXPECT_EQ(types.at(0x2b).category, Category::kSlicedString);
  EXPECT_EQ(types.at(0x28).size_kind, SizeKind::kSeqOneByteString);
  EXPECT_EQ(types.at(0x20).size_kind, SizeKind::kSeqTwoByteString);
  EXPECT_EQ(types.Number("MAP_TYPE"), 200);
  EXPECT_EQ(types.Number("NO_SUCH_TYPE"), -1);
  EXPECT_FALSE(types.IsMap(70000));
  types.at(4'000'000'000u);  // any number may be asked for
}

TEST(Layout, ConstantsAreInOrder) {
  size_t i = 0;
  for (const LayoutConstantInfo& info : LayoutConstants()) EXPECT_EQ(static_cast<size_t>(info.id), i++);
  EXPECT_EQ(i, static_cast<size_t>(LayoutConstant::kCount));
}

TEST(BinaryFacts, ConstantsByPrefix) {
  BinaryFacts facts;
  facts.v8dbg = {{"class_JSFunction__shared__SharedFunctionInfo", 24}, {"FirstNonstringType", 64}};
  EXPECT_EQ(facts.Constant("class_JSFunction__shared__"), 24);
  EXPECT_EQ(facts.Constant("FirstNonstringType"), 64);
  EXPECT_FALSE(facts.Constant("First").has_value());
  EXPECT_FALSE(facts.Constant("zzz__").has_value());
  facts.space_vtables = {{100, "OldSpace"}};
  EXPECT_EQ(facts.SpaceClass(100), "OldSpace");
  EXPECT_EQ(facts.SpaceClass(99), "");
}

TEST(ScopeInfoShape, ByLine) {
  EXPECT_EQ(FindScopeInfoShape({9, 4}).first, (V8Version{9, 1}));
  EXPECT_EQ(FindScopeInfoShape({7, 4}).first, (V8Version{7, 4}));
  EXPECT_EQ(FindScopeInfoShape({6, 0}).first, (V8Version{7, 4}));  // older than all
  EXPECT_EQ(FindScopeInfoShape({99, 0}).first, FindScopeInfoShape({}).first);
  EXPECT_TRUE(FindNamingRule({9, 9}).tag_before_constructor);
  EXPECT_FALSE(FindNamingRule({10, 0}).tag_before_constructor);
}

}  // namespace
}  // namespace corewalk

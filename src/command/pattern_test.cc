#include "command/pattern.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

TEST(PatternTest, LiteralsThatEveryMatchContains) {
  EXPECT_EQ(RequiredLiteral("token=[0-9]+"), "token=");
  EXPECT_EQ(RequiredLiteral("^abc$"), "abc");
  EXPECT_EQ(RequiredLiteral("abcd*ef"), "abc");
  EXPECT_EQ(RequiredLiteral("abcd?"), "abc");
  EXPECT_EQ(RequiredLiteral("abcd+efghi"), "efghi");
  EXPECT_EQ(RequiredLiteral("abcd{0,3}"), "abc");
  EXPECT_EQ(RequiredLiteral("ab|cd"), "");
  EXPECT_EQ(RequiredLiteral("(ab|cdefgh)xyz"), "xyz");
  EXPECT_EQ(RequiredLiteral("([)]abcdef)xy"), "xy");
  EXPECT_EQ(RequiredLiteral("a\\.b\\/c"), "a.b/c");
  EXPECT_EQ(RequiredLiteral("\\x41bc\\d\\u0041de"), "bc");
  EXPECT_EQ(RequiredLiteral("[abc]"), "");
  EXPECT_EQ(RequiredLiteral("caf\u00e9"), "caf");
  EXPECT_EQ(RequiredLiteral("(((("), "");
  EXPECT_EQ(RequiredLiteral("\\"), "");
  EXPECT_EQ(RequiredLiteral("["), "");
}

TEST(PatternTest, NeitherLongSubjectsNorBadExpressionsHurt) {
  EXPECT_FALSE(Pattern::Make("(", "--x").has_value());
  EXPECT_FALSE(Pattern::Make("(a)\\1", "--x").has_value());
  EXPECT_FALSE(Pattern::Make(std::string(1001, 'a'), "--x").has_value());
  const Result<Pattern> nested = Pattern::Make("(x+x+)+y", "--x");
  ASSERT_TRUE(nested.has_value());
  EXPECT_FALSE(nested->Matches(std::string(2000, 'x')));
  EXPECT_TRUE(nested->Matches("xxy"));
  const Result<Pattern> any = Pattern::Make("^(.|\\n)*z", "--x");
  ASSERT_TRUE(any.has_value());
  EXPECT_TRUE(any->Matches(std::string(60'000, 'a') + "z"));  // std::regex alone would overflow the stack
  EXPECT_TRUE(Pattern::Make("ABC", "--x", true)->Matches("xabcx"));
  EXPECT_EQ(Pattern::Make("ABC", "--x", true)->literal(), "");
}

}  // namespace
}  // namespace corewalk

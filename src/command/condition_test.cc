#include "command/condition.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

const std::vector<std::string> kNames = {"retained()", "count()", "live", "garbage", "top.share", "suspects"};

double Value(const Quantity& quantity) {
  if (quantity.name == "retained")
    return quantity.of == "Map" ? 1 << 20 : quantity.of == "(string)" ? 500 : quantity.of == "a b) c" ? 7 : 0;
  if (quantity.name == "count") return 42;
  if (quantity.name == "live") return 2048;
  if (quantity.name == "top.share") return 0.25;
  return 0;
}
bool Holds(std::string_view text) {
  const Result<Condition> condition = Condition::Parse(text, kNames);
  EXPECT_TRUE(condition) << text << ": " << (condition ? "" : condition.error().message);
  return condition && condition->Holds(Value);
}
std::string Problem(std::string_view text) {
  const Result<Condition> condition = Condition::Parse(text, kNames);
  return condition ? "" : condition.error().message;
}

TEST(Condition, Comparisons) {
  EXPECT_TRUE(Holds("retained(Map) >= 1MB"));
  EXPECT_FALSE(Holds("retained(Map) > 1MB"));
  EXPECT_TRUE(Holds("retained(Map)<1.5MiB"));
  EXPECT_TRUE(Holds("  live == 2 KB "));
  EXPECT_TRUE(Holds("live != 2047"));
  EXPECT_TRUE(Holds("top.share > 10%"));
  EXPECT_FALSE(Holds("top.share > 25%"));
  EXPECT_TRUE(Holds("top.share <= 0.25"));
  EXPECT_TRUE(Holds("count(Session) == 42"));
}

TEST(Condition, Classes) {
  EXPECT_TRUE(Holds("retained((string)) == 500"));
  EXPECT_TRUE(Holds("retained( (string) ) == 500B"));
  EXPECT_TRUE(Holds("retained(\"a b) c\") == 7"));
}

TEST(Condition, AndBindsCloserThanOr) {
  EXPECT_TRUE(Holds("live > 1 || live > 9GB && live > 9GB"));
  EXPECT_FALSE(Holds("live > 9GB || live > 1 && live > 9GB"));
  EXPECT_TRUE(Holds("live > 9GB && live > 1 || live > 1"));
  EXPECT_TRUE(Holds("live > 9GB || live > 9GB || live > 1"));
}

TEST(Condition, Mistakes) {
  for (const std::string_view text :
       {"", "live", "live >", "> 5", "live > x", "live > 5 XB", "live > 5 live", "retained > 5", "live(Map) > 5",
        "retained(Map > 5", "retained() > 5", "retained(\"Map > 5", "live > 5 &&", "live > .", "live > 5.", "dead > 5",
        "live => 5"})
    EXPECT_NE(Problem(text), "") << text;
  EXPECT_EQ(Problem("live > 5 XB"), "condition 'live > 5 XB': expected a unit: B, KB, MB, GB or % at character 10");
  EXPECT_EQ(Problem("dead > 5"),
            "condition 'dead > 5': expected one of retained(CLASS), count(CLASS), live, garbage, top.share, suspects "
            "at character 1");
}

}  // namespace
}  // namespace corewalk
